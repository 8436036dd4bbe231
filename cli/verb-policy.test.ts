import { describe, expect, it } from 'vitest';
import { type FakeIo, fakeIo } from '../test/fakes/io.ts';
import { main } from './main.ts';

const files = {
  'good.yaml': 'version: 1\nmode: alert\nrules:\n  - {name: a, match: {kinds: [exec]}, mode: kill}\n',
  'good.json': '{"version": 1, "dryRun": true}',
  'odd.yaml': 'version: 1\nprotectedNamespaces: [kube-system]\n',
  'bad.yaml': 'version: 1\nmode: kil\nrules:\n  - {name: a, match: {kinds: [exce]}, mode: kill}\n',
  'two.yaml': 'version: 1\n---\nversion: 1\n',
  'broken.yaml': 'version: [1\n',
  'bomb.yaml': 'a: &a [x]\nrules: [*a, *a]\n',
  'empty.yaml': '',
};

async function whorl(...args: string[]): Promise<{ io: FakeIo; error: unknown }> {
  const io = fakeIo(files);
  try {
    await main(args, io);
    return { io, error: undefined };
  } catch (error) {
    return { io, error };
  }
}
const told = ({ io }: { io: FakeIo }): string => [...io.stdout, ...io.stderr].join('\n');

describe('whorl policy check', () => {
  it.each<[string, RegExp]>([
    ['good.yaml', /^good.yaml can be read: 1 rule, alert for the rest$/],
    ['good.json', /^good.json can be read: 0 rules, alert for the rest, a dry run$/],
    ['odd.yaml', /^warning protectedNamespaces leaves out whorl-system/],
  ])('reads %s', async (file, text) => {
    const ran = await whorl('policy', 'check', file);
    expect(told(ran)).toMatch(text);
    expect(ran.io.exitCode).toBe(0);
  });

  it.each<[string, RegExp]>([
    ['bad.yaml', /bad.yaml: mode is "kil".*did you mean kill\?\n.*rules\[0\].match.kinds\[0\] is "exce"/],
    ['two.yaml', /two.yaml holds 2 documents; a response policy is one/],
    ['broken.yaml', /broken.yaml: cannot be read as YAML/],
    ['bomb.yaml', /bomb.yaml: cannot be read as YAML/],
    ['empty.yaml', /empty.yaml/],
  ])('refuses %s, code 2', async (file, text) => {
    const ran = await whorl('policy', 'check', file);
    expect(told(ran)).toMatch(text);
    expect(ran.io.exitCode).toBe(2);
  });

  it('tells a script all of it', async () => {
    const good = await whorl('policy', 'check', 'odd.yaml', '--json');
    expect(JSON.parse(good.io.stdout[0] ?? '')).toMatchObject({
      ok: true,
      warnings: [expect.any(String)],
      policy: { mode: 'alert' },
    });
    const bad = await whorl('policy', 'check', 'bad.yaml', '--json');
    expect(JSON.parse(bad.io.stdout[0] ?? '')).toMatchObject({ ok: false, problems: { length: 2 } });
  });
});
