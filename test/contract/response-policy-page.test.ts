import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readYaml } from '../../cli/import-yaml.ts';
import { parseResponsePolicy } from '../../collector/core/parse-response-policy.ts';
import { defaultLimits } from '../../collector/core/response-policy.ts';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const section = /## The response policy\n([\s\S]*?)\n## /.exec(page)?.[1] ?? '';
const example = /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? '';

describe('the response policy in docs/operations.md', () => {
  it('is one, without a warning', () => {
    const [document] = readYaml(Buffer.from(example));
    expect(parseResponsePolicy(document)).toMatchObject({
      kind: 'policy',
      warnings: [],
      policy: { limits: defaultLimits, rules: [{ name: 'shop-foreign-code', mode: 'kill', dryRun: false }] },
    });
  });

  it('says every limit, with its default', () => {
    for (const [name, value] of Object.entries(defaultLimits))
      expect(section, name).toMatch(new RegExp(`${name}(:|\`) ${String(value).replace('.', '\\.')}`));
  });
});
