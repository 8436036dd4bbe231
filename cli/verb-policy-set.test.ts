import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkPolicy } from '../collector/core/check-policy.ts';
import { parseResponsePolicy } from '../collector/core/parse-response-policy.ts';
import { defaultPolicy } from '../collector/core/response-policy.ts';
import type { PolicyInForce, ResponsePolicyService } from '../collector/ports/api-response-policy.ts';
import { apiSite } from '../test/fakes/api-site.ts';
import { fakeIo } from '../test/fakes/io.ts';
import { main } from './main.ts';

/** A collector's API on a socket, with a policy that can be set and no incidents. */
let versions: PolicyInForce[];
const current = (): PolicyInForce => versions.at(-1) ?? { version: 0, policy: defaultPolicy, setAt: 0 };
const add = (policy: PolicyInForce['policy'], by: { author: string; reason: string }) => {
  versions.push({ version: versions.length + 1, policy, by, setAt: 1_000 });
  return current();
};
const read = (document: unknown) => {
  const parsed = parseResponsePolicy(document);
  if (parsed.kind === 'refused') throw new Error(parsed.problems[0]);
  return parsed.policy;
};
const responsePolicy: ResponsePolicyService = {
  get inForce() {
    return current();
  },
  set: async (document, by) => ({ ...add(read(document), by), warnings: [] }),
  setMode: async (mode, by) => add({ ...current().policy, mode }, by),
  setAgain: async (version, by) => add(versions[version - 1]?.policy ?? defaultPolicy, by),
  history: async ({ before = 99, limit }) =>
    versions
      .filter((v) => v.version < before)
      .toReversed()
      .slice(0, limit),
  check: async (document) => {
    const report = { ...checkPolicy(read(document), current().policy, []), isCut: false, warnings: [] };
    meanwhile();
    return report;
  },
};
/** What somebody else does between what is looked at and what is set. */
let meanwhile = () => {};
let site: Awaited<ReturnType<typeof apiSite>>;
beforeAll(async () => {
  site = await apiSite({ responsePolicy });
});
beforeEach(() => {
  versions = [];
  meanwhile = () => {};
});
afterAll(() => site.close());

async function policy(...args: readonly string[]) {
  const io = fakeIo({
    'p.yaml': 'version: 1\nmode: freeze\n',
    'p.json': '{"version":1,"rules":[{"name":"a","match":{},"mode":"kill"}]}',
    'bad.yaml': 'version: 1\nmode: kil\n',
  });
  await main(['policy', ...args, '--data-dir', site.dir], io);
  return { code: io.exitCode, out: io.stdout.join('\n'), err: io.stderr.join('\n') };
}
const why = ['--reason', 'CHG-1'] as const;

describe('whorl policy set', () => {
  it('shows what it changes and what yesterday would have been, then sets it in the name of who asks', async () => {
    const said = await policy('set', 'p.yaml', ...why);
    expect(said).toMatchObject({
      code: 0,
      out: 'version 1 of the response policy is in force: 0 rules, freeze for the rest',
      err: expect.stringMatching(
        /^~ mode: alert → freeze\n\nThe last 24 hours under it:\nNo drift since then/,
      ),
    });
    expect(versions).toMatchObject([{ by: { author: 'local:ada', reason: 'CHG-1' } }]);
  });

  it('reads JSON, too, and answers in it', async () => {
    const said = JSON.parse((await policy('set', 'p.json', '--json', ...why)).out);
    expect(said).toMatchObject({ dryRun: false, before: 0, version: 1, check: { occurrences: 0 } });
    expect(said.changes).toEqual(['+ rule a: {"match":{},"mode":"kill"}']);
  });

  it('changes nothing in a dry run, nor where nothing is another', async () => {
    const dry = await policy('set', 'p.yaml', '--dry-run', ...why);
    expect(dry).toMatchObject({
      out: expect.stringContaining('~ mode'),
      err: 'a dry run: version 0 stays in force',
    });
    expect(versions).toEqual([]);
    await policy('set', 'p.yaml', ...why);
    expect((await policy('set', 'p.yaml', ...why)).err).toContain('says the same already');
    expect(versions).toHaveLength(1);
  });

  it.each([
    [['set', 'p.yaml'], /why is not said/],
    [['set', 'bad.yaml', ...why], /bad.yaml: mode is "kil".*did you mean kill\?/],
    [['mode', 'angry', ...why], /angry is no mode; it may be observe, alert, freeze, kill/],
    [['again', 'x', ...why], /x is no version/],
    [['again', '7', ...why], /there is no version 7; whorl policy history/],
    [['history', '--limit', '0'], /--limit must be/],
  ])('refuses %j, code 2', async (args, sentence) => {
    expect(await policy(...args)).toMatchObject({ code: 2, err: expect.stringMatching(sentence) });
    expect(versions).toEqual([]);
  });
});

describe('who was faster', () => {
  it.each([[['set', 'p.yaml', ...why]], [['mode', 'kill', ...why]], [['again', '1', ...why]]])(
    'is not overruled unseen by %j',
    async (args) => {
      await policy('set', 'p.json', ...why);
      await policy('mode', 'observe', ...why);
      meanwhile = () => void add({ ...current().policy, mode: 'freeze' }, { author: 'eve', reason: 'CHG-2' });
      expect(await policy(...args)).toMatchObject({
        code: 2,
        err: expect.stringContaining('it is not the version you looked at any more'),
      });
      expect(versions.map((v) => v.by?.author)).toEqual(['local:ada', 'local:ada', 'eve']);
    },
  );
});

describe('whorl policy show, history, again, mode and check', () => {
  it('shows what can be set again, and who set it', async () => {
    expect((await policy('show')).err).toContain('version 0: what the configuration');
    await policy('set', 'p.json', ...why);
    const { out, err } = await policy('show');
    expect(err).toBe('version 1, set 1970-01-01T00:00:01Z by local:ada: CHG-1');
    const io = fakeIo({ 'shown.yaml': `${out}\n` });
    await main(['policy', 'set', 'shown.yaml', ...why, '--data-dir', site.dir], io);
    expect(io.stderr.join()).toContain('says the same already');
    expect(JSON.parse((await policy('show', '--json')).out)).toMatchObject({ version: 1 });
  });

  it('tells every version, sets an earlier one again, and what the configuration says', async () => {
    expect((await policy('history')).err).toContain('nobody has set');
    await policy('set', 'p.yaml', ...why);
    await policy('mode', 'kill', ...why);
    const again = await policy('again', '1', ...why);
    expect([again.out, again.err]).toEqual([
      expect.stringContaining('version 3'),
      expect.stringContaining('~ mode: kill → freeze'),
    ]);
    expect((await policy('again', '0', '--dry-run', ...why)).err).toContain('would set version 0');
    expect((await policy('again', '0', ...why)).out).toContain('version 4');
    const lines = (await policy('history', '--limit', '2')).out.split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^ +4 .*alert, 0 rules; local:ada: CHG-1$/),
      expect.any(String),
    ]);
  });

  it.each(['24h', '7d', '30m', '2026-01-01T00:00:00Z'])('checks against %s', async (since) => {
    const { code, out } = await policy('check', 'p.yaml', '--against', since);
    expect([code, out]).toEqual([0, expect.stringContaining('No drift since then')]);
  });
});
