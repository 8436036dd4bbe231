import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeAgentConfig } from '../../agent/config.ts';
import { describeCollectorConfig } from '../../collector/config.ts';

const page = new URL('../../docs/operations.md', import.meta.url);

/** The tables stand between markers; WHORL_UPDATE_DOCS=1 writes them anew. */
describe('docs/operations.md', () => {
  it.each([
    ['agent', describeAgentConfig()],
    ['collector', describeCollectorConfig()],
  ])('lists the keys of the %s as the code has them', (name, table) => {
    const text = readFileSync(page, 'utf8');
    const part = new RegExp(`(<!-- ${name} keys: [^>]*-->\n)([^]*?)(<!-- end -->)`);
    if (process.env.WHORL_UPDATE_DOCS === '1') {
      writeFileSync(
        page,
        text.replace(part, (_all, head: string, _old, end: string) => `${head}${table.trim()}\n${end}`),
      );
    }
    expect(part.exec(readFileSync(page, 'utf8'))?.[2]?.trim()).toBe(table.trim());
  });
});
