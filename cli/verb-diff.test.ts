import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../fingerprint/behaviour.ts';
import type { Baseline } from '../fingerprint/fingerprint.ts';
import { learn } from '../fingerprint/learn.ts';
import { aboutAll, observation, subject } from '../test/fakes/behaviours.ts';
import { type FakeIo, fakeIo } from '../test/fakes/io.ts';
import { signed } from '../test/fakes/signed.ts';
import { main } from './main.ts';

/** The verbs that work on baselines: diff, lint, merge, prune, inspect, through the command line. */
const cart = { root: 'entrypoint', lineage: ['/usr/bin/cart'] } as const;
const start: Behaviour = { ...cart, kind: 'exec', args: ['cart'], origin: 'image' };
const connects = (peer: string): Behaviour => ({
  ...cart,
  kind: 'connect',
  transport: 'tcp',
  peer,
  port: 443,
});
const tools: Behaviour[] = ['/usr/bin/curl', '/bin/sh'].map((exe) => ({
  root: 'entrypoint',
  lineage: ['/usr/bin/cart', exe],
  kind: 'exec',
  args: [exe, '/x'],
  origin: 'image',
}));
const json = (b: Baseline): string => JSON.stringify(b);
const learned = (...bs: Behaviour[]): Baseline => learn(subject, [start, ...bs], aboutAll);
const old = json(learned(connects('db.shop')));
const next = json(learned(connects('db.shop'), connects('api.example')));

async function whorl(
  files: Readonly<Record<string, string | Uint8Array>>,
  ...args: string[]
): Promise<FakeIo> {
  const io = fakeIo(files);
  await main(args, io);
  return io;
}
const out = (io: FakeIo): string => io.stdout.join('\n');
const read = (io: FakeIo, file: string): Baseline =>
  JSON.parse(Buffer.from(io.files.get(file) ?? []).toString());

describe('whorl diff', () => {
  it('exits 1 and says in a sentence what NEW allows more', async () => {
    const io = await whorl({ old, next }, 'diff', 'old', 'next');
    expect(io.exitCode).toBe(1);
    expect(out(io)).toContain('+ medium   `cart` now connects to `api.example:443`');
    expect(out(io)).toContain('it allows more: 1 added; 3 entries unchanged');
  });

  it('exits 0 when NEW allows nothing more', async () => {
    const io = await whorl({ old, next }, 'diff', 'next', 'old');
    expect(io.exitCode).toBe(0);
    expect(out(io)).toContain('`cart` no longer connects to `api.example:443`');
  });

  it('reads signed envelopes and says that it believes nothing', async () => {
    const io = await whorl({ old, signed }, 'diff', 'old', 'signed');
    expect(out(io)).toMatch(/version \d+ of `[^`]+`, 1 signature not checked here/);
  });

  it('has every change in --json, with the members scripts read', async () => {
    const io = await whorl({ old, next }, 'diff', 'old', 'next', '--json');
    const told = JSON.parse(out(io));
    expect(Object.keys(told)).toEqual(['old', 'new', 'widens', 'unchanged', 'changes']);
    expect(told).toMatchObject({ widens: true, unchanged: 3, old: { file: 'old', signed: false, subject } });
    expect(told.changes).toMatchObject([
      {
        change: 'added',
        kind: 'connect',
        program: '/usr/bin/cart',
        subject: 'api.example:443',
        sentence: '`cart` now connects to `api.example:443`',
        severity: 'medium',
        widens: true,
        entries: [expect.stringMatching(/^[0-9a-f]{12}$/)],
      },
    ]);
    expect(io.exitCode).toBe(1);
  });

  it.each(['--markdown', '--sarif'])('exits 1 with %s too', async (form) => {
    const io = await whorl({ old, next }, 'diff', 'old', 'next', form);
    expect(io.exitCode).toBe(1);
    expect(out(io)).toContain(form === '--sarif' ? '"version":"2.1.0"' : '| Severity |');
  });

  it.each<[string, string[], RegExp]>([
    ['two forms at once', ['old', 'next', '--json', '--sarif'], /exclude each other; choose one/],
    ['stdin twice', ['-', '-'], /stdin can be one of the two only/],
    ['a digest without a registry', [`cart@sha256:${'ab'.repeat(32)}`, 'old'], /begins with its registry/],
    ['a tag without a registry', ['cart:1.4', 'old'], /begins with its registry/],
    ['a file that is not there', ['old', 'missing.json'], /missing\.json/],
  ])('refuses %s', async (_name, args, sentence) => {
    const io = await whorl({ old, next }, 'diff', ...args);
    expect(io.exitCode).toBe(2);
    expect(io.stderr.join('\n')).toMatch(sentence);
    expect(io.stdout).toEqual([]);
  });
});

describe('whorl lint', () => {
  const wide = json(learned(...tools, connects('203.0.113.7')));

  it('says what an attacker would love, why and what to do, and exits 0 below high', async () => {
    const io = await whorl({ wide }, 'lint', 'wide');
    expect(out(io)).toMatch(
      /medium {3}a shell may run \[shell\]\n {2}one injected line.*\n {2}- `sh` may be started by `cart`/,
    );
    expect(out(io)).toMatch(/fix: use an image without a shell/);
    expect(out(io)).toMatch(/findings; permissiveness \d+\.\d of 100/);
    expect(io.exitCode).toBe(0);
  });

  it('exits 1 on a grave finding, and 0 when a person accepts it', async () => {
    const sudo = json(
      learned({
        ...cart,
        lineage: ['/usr/bin/cart', '/usr/bin/sudo'],
        kind: 'exec',
        args: ['sudo'],
        origin: 'image',
      }),
    );
    expect((await whorl({ sudo }, 'lint', 'sudo')).exitCode).toBe(1);
    const accepted = await whorl({ sudo }, 'lint', 'sudo', '--allow', 'privilege-tool');
    expect(accepted.exitCode).toBe(0);
    expect(out(accepted)).not.toContain('privilege-tool');
  });

  it('has score, parts and findings in --json', async () => {
    const told = JSON.parse(out(await whorl({ wide }, 'lint', 'wide', '--json')));
    expect(Object.keys(told)).toEqual(['file', 'subject', 'signed', 'score', 'parts', 'findings']);
    expect(told.findings[0]).toMatchObject({
      id: expect.any(String),
      severity: 'medium',
      places: [{ entries: [expect.any(String)] }],
    });
  });

  it('explains a rule, and whorl explain knows it too', async () => {
    expect(out(await whorl({}, 'lint', '--explain', 'writable-code'))).toMatch(
      /^writable-code \(high\): a file that runs/,
    );
    expect(out(await whorl({}, 'explain', 'writable-code'))).toMatch(/^writable-code: a file that runs/);
  });

  it.each([
    ['--explain', 'shel'],
    ['--allow', 'shel'],
  ])('refuses %s of a rule that nobody knows', async (option, id) => {
    const io = await whorl({ wide }, 'lint', 'wide', option, id);
    expect(io.exitCode).toBe(2);
    expect(io.stderr.join('\n')).toMatch(/"shel".*rules are/);
  });
});

describe('whorl merge', () => {
  it('writes what all of them know, and says who brought what', async () => {
    const other = json(learned(...tools));
    const io = await whorl({ old, next, other }, 'merge', 'old', 'next', 'other', '--out', 'c');
    expect(io.stderr).toEqual([
      'wrote c: 3 programs, 8 entries from 3 baselines',
      'old brings nothing that the others lack',
      'next alone brings:',
      '  `cart` now connects to `api.example:443`',
      'other alone brings:',
      '  `sh` is new: started by `cart`, runs `/bin/sh /x`',
      '  `curl` is new: started by `cart`, runs `/usr/bin/curl /x`',
    ]);
    expect(read(io, 'c').behaviour.programs).toHaveLength(3);
  });

  it('writes nothing with --dry-run, and tells scripts the same', async () => {
    const io = await whorl(
      { old, next },
      'merge',
      'old',
      'next',
      '--out',
      'c',
      '--dry-run',
      '--json',
      '--reason',
      'r',
    );
    expect(io.files.has('c')).toBe(false);
    expect(JSON.parse(out(io))).toMatchObject({
      written: false,
      programs: 1,
      entries: 4,
      unjudged: [],
      reason: 'r',
    });
  });

  it.each<[string, string, RegExp]>([
    [
      'another image',
      json({ ...learned(), subject: { ...subject, digest: `sha256:${'cd'.repeat(32)}` } }),
      /subject.*only baselines of one image/,
    ],
    [
      'other rules',
      json({ ...learned(), rules: { normaliser: 9, generaliser: 1, sensitive: 1 } }),
      /rules.*learn both/,
    ],
    [
      'another scope',
      json({
        ...learned(),
        scope: { cluster: 'a', namespace: 'b', owner: 'c', container: 'd', role: 'main' },
      }),
      /scope.*by hand/,
    ],
  ])('refuses %s with what to do', async (_name, other, sentence) => {
    const io = await whorl({ old, other }, 'merge', 'old', 'other', '--out', 'c');
    expect(io.exitCode).toBe(2);
    expect(io.stderr.join('\n')).toMatch(sentence);
    expect(io.files.has('c')).toBe(false);
  });

  it('refuses a single one', async () => {
    expect((await whorl({ old }, 'merge', 'old', '--out', 'c')).exitCode).toBe(2);
  });
});

describe('whorl prune', () => {
  const wide = json(learned(...tools, connects('api.example')));

  it('takes a program back by its name, for good', async () => {
    const io = await whorl({ wide }, 'prune', 'wide', '--program', 'curl', '--out', 'c');
    expect(io.stderr).toEqual([
      'wrote c: 1 program or entry taken back, 5 entries left',
      '  `curl` is gone: nothing starts it any more below `cart`',
    ]);
    const again = await whorl({ wide, c: io.files.get('c') ?? '' }, 'merge', 'wide', 'c', '--out', 'd');
    expect(read(again, 'd').behaviour.programs.map((p) => p.exe)).toEqual(['/usr/bin/cart', '/bin/sh']);
  });

  it('takes an entry back by the id that inspect tells', async () => {
    const { entries } = JSON.parse(out(await whorl({ wide }, 'inspect', 'wide', '--json')));
    const { id } = entries.find((e: { words?: string }) => e.words?.startsWith('connects'));
    const io = await whorl({ wide }, 'prune', 'wide', '--entry', id, '--out', 'c', '--json');
    expect(JSON.parse(out(io))).toMatchObject({
      written: true,
      removed: 1,
      changes: [
        { change: 'removed', sentence: '`cart` no longer connects to `api.example:443`', entries: [id] },
      ],
    });
  });

  it('takes back what a site never used', async () => {
    const site = json({ ...learned(connects('api.example')), observation: { ...observation, events: 9 } });
    const io = await whorl({ wide, site }, 'prune', 'wide', '--unused-by', 'site', '--out', 'c', '--dry-run');
    expect(io.stderr.join('\n')).toMatch(/^would write c: 2 programs and entries taken back, 3 entries left/);
    expect(io.stderr.join('\n')).toContain('curl');
    expect(io.stderr.join('\n')).not.toContain('api.example');
    expect(io.files.has('c')).toBe(false);
  });

  it.each<[string, string[], RegExp]>([
    ['nothing', [], /say what to take back/],
    ['a program it does not know', ['--program', 'wget'], /knows no program wget; it knows/],
    ['an id that is none', ['--entry', 'p3'], /is no id/],
    ['an id that names nothing', ['--entry', '000000000000'], /holds no entry or program 000000000000/],
  ])('refuses %s', async (_name, args, sentence) => {
    const io = await whorl({ wide }, 'prune', 'wide', '--out', 'c', ...args);
    expect(io.exitCode).toBe(2);
    expect(io.stderr.join('\n')).toMatch(sentence);
    expect(io.files.has('c')).toBe(false);
  });
});
