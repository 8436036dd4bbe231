import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lintRules } from '../../fingerprint/lint.ts';

const page = new URL('../../docs/operations.md', import.meta.url);

/** The table stands between markers; WHORL_UPDATE_DOCS=1 writes it anew. */
it('docs/operations.md lists the rules of lint as the code has them', () => {
  const rows = lintRules.map((r) => `| \`${r.id}\` | ${r.severity} | ${r.what} | ${r.why} | ${r.fix} |`);
  const table = ['| Rule | Severity | What | Why | Fix |', '|---|---|---|---|---|', ...rows].join('\n');
  const part = /(<!-- lint rules: [^>]*-->\n)([\s\S]*?)(<!-- end -->)/;
  const text = readFileSync(page, 'utf8');
  if (process.env.WHORL_UPDATE_DOCS === '1')
    writeFileSync(
      page,
      text.replace(part, (_all, head: string, _old, end: string) => `${head}${table}\n${end}`),
    );
  expect(part.exec(readFileSync(page, 'utf8'))?.[2]?.trim()).toBe(table);
});
