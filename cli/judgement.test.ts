import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type FakeIo, fakeIo } from '../test/fakes/io.ts';
import { main } from './main.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const container = { id: 'c'.repeat(64), digest, image: 'shop' };
const at = (second: number): string => `2026-05-01T08:00:${String(second).padStart(2, '0')}.000000Z`;
const line = (second: number, over: object): string =>
  `${JSON.stringify({ time: at(second), process: { pid: 10, start: 1_000_000 }, container, ...over })}\n`;
const child = { pid: 11, start: 3_000_000 };

const benign = [
  line(0, { kind: 'exec', exe: '/usr/bin/shop', args: ['shop'] }),
  line(1, { kind: 'open', path: '/etc/shop.conf', access: 'read' }),
  line(2, { kind: 'fork', child }),
  line(3, { kind: 'exec', process: child, exe: '/usr/bin/wc', args: ['wc'] }),
  line(4, { kind: 'exit', process: child, code: 0 }),
];
const intruder = { pid: 12, start: 5_000_000 };
const attack = [
  ...benign,
  line(5, { kind: 'fork', child: intruder }),
  line(6, { kind: 'exec', process: intruder, exe: '/tmp/.x', args: ['x'], origin: 'upper' }),
  line(7, { kind: 'connect', process: intruder, transport: 'tcp', address: '198.51.100.7', port: 4444 }),
];
const gap = line(9, { kind: 'gap', since: at(8), until: at(9), lost: 3, reason: 'ring full' });
const foreign = line(1, {
  kind: 'open',
  path: '/x',
  access: 'write',
  container: { id: 'd', digest: `sha256:${'cd'.repeat(32)}` },
});

async function whorl(
  files: Readonly<Record<string, string | Uint8Array>>,
  ...args: readonly string[]
): Promise<FakeIo> {
  const io = fakeIo(files);
  await main(args, io);
  return io;
}

async function learned(...files: readonly (readonly string[])[]): Promise<string> {
  const named = Object.fromEntries(files.map((lines, i) => [`f${i}`, lines.join('')]));
  const io = await whorl(
    named,
    'learn',
    '--subject',
    `shop@${digest}`,
    '--from',
    ...Object.keys(named),
    '--out',
    'b.json',
  );
  expect(io.stderr.join('\n')).toMatch(/^wrote b\.json/);
  return Buffer.from(io.files.get('b.json') ?? []).toString();
}

const backtest = async (events: readonly string[]): Promise<FakeIo> =>
  whorl({ 'b.json': await learned(benign), e: events.join('') }, 'backtest', 'b.json', 'e', '--json');

describe('a baseline of one owner', () => {
  const scope = {
    cluster: 'c',
    namespace: 'acme',
    owner: 'Deployment/shop',
    container: 'shop',
    role: 'main',
  };
  const whose = (namespace: string): readonly string[] =>
    attack.map((text) => {
      const event = JSON.parse(text);
      return `${JSON.stringify({ ...event, container: { ...container, namespace } })}\n`;
    });

  it.each([
    ['acme', 'judged', { incidents: 1 }],
    ['globex', 'left out and counted', { incidents: 0, events: 0, otherOwners: attack.length }],
  ])('%s: %s', async (namespace, _what, summary) => {
    const baseline = JSON.stringify({ ...JSON.parse(await learned(benign)), scope });
    const files = { 'b.json': baseline, e: whose(namespace).join('') };
    const io = await whorl(files, 'backtest', 'b.json', 'e', '--json');
    expect(JSON.parse(io.stdout.at(-1) ?? '')).toMatchObject({ type: 'summary', ...summary });
    const said = await whorl(files, 'backtest', 'b.json', 'e');
    const others = `${attack.length} of other owners left out`;
    expect(said.stdout.join('\n').includes(others)).toBe(namespace === 'globex');
  });
});

describe('learn', () => {
  it('gives the same bytes whatever the order, split and repetition of the events', async () => {
    const once = await learned(benign);
    expect(await learned([...benign].reverse())).toBe(once);
    expect(await learned(benign.slice(3), benign.slice(0, 3))).toBe(once);
    expect(await learned(benign, benign, benign.slice(1, 2))).toBe(once);
  });

  it('leaves out what names another image, and says how much', async () => {
    const io = await whorl(
      { e: [...benign, foreign].join('') },
      'learn',
      '--subject',
      `shop@${digest}`,
      '--from',
      'e',
      '--out',
      'b',
      '--json',
    );
    expect(JSON.parse(io.stdout[0] ?? '')).toMatchObject({ events: 5, otherImages: 1 });
    expect(Buffer.from(io.files.get('b') ?? []).toString()).toBe(await learned(benign));
  });

  it('refuses when nothing belongs to the subject, and writes nothing', async () => {
    const io = await whorl(
      { e: foreign },
      'learn',
      '--subject',
      `shop@${digest}`,
      '--from',
      'e',
      '--out',
      'b',
    );
    expect(io.exitCode).toBe(2);
    expect(io.files.has('b')).toBe(false);
  });

  it('refuses when only what belongs to nobody is left: an empty baseline is no evidence', async () => {
    const nobody = `${JSON.stringify({ time: at(2), kind: 'open', process: { pid: 99, start: 7 }, cgroup: 1, path: '/x', access: 'read' })}\n`;
    const args = ['learn', '--subject', `shop@${digest}`, '--from', 'e', '--out', 'b'];
    const io = await whorl({ e: foreign + nobody }, ...args);
    expect(io.stderr.join('\n')).toMatch(
      /was done by sha256:.*1 event names another image; the others belong/,
    );
    expect(io.exitCode).toBe(2);
    expect(io.files.has('b')).toBe(false);
  });

  it('says with code 4 that events were lost, and with --dry-run writes nothing', async () => {
    const io = await whorl(
      { e: [...benign, gap].join('') },
      'learn',
      '--subject',
      `shop@${digest}`,
      '--from',
      'e',
      '--out',
      'b',
      '--dry-run',
    );
    expect(io.exitCode).toBe(4);
    expect(io.stderr.join('\n')).toMatch(/3 events were lost/);
    expect(io.files.has('b')).toBe(false);
  });

  it('never learns what is never normal', async () => {
    expect(await learned(attack)).not.toContain('/tmp/.x');
  });
});

describe('backtest', () => {
  it('finds nothing in what was learned: one summary line, code 0', async () => {
    const io = await backtest(benign);
    expect(io.exitCode).toBe(0);
    expect(io.stdout.map((l) => JSON.parse(l))).toEqual([
      {
        type: 'summary',
        events: 5,
        judged: 3,
        otherImages: 0,
        unjudged: {},
        lost: 0,
        drifts: 0,
        incidents: 0,
      },
    ]);
  });

  it('prints an incident and the summary in the promised form, code 1', async () => {
    const io = await backtest(attack);
    expect(io.exitCode).toBe(1);
    const [incident, summary] = io.stdout.map((l) => JSON.parse(l));
    expect(Object.keys(incident)).toEqual([
      'type',
      'severity',
      'kinds',
      'sentence',
      'first',
      'last',
      'workload',
      'drifts',
      'techniques',
    ]);
    expect(incident).toMatchObject({
      type: 'incident',
      severity: 'critical',
      kinds: ['exec', 'connect'],
      first: at(6),
      last: at(7),
    });
    expect(incident.drifts).toEqual([
      { kind: 'exec', program: '/tmp/.x', subject: 'x', origin: 'upper', first: at(6), count: 1 },
      { kind: 'connect', program: '/tmp/.x', subject: '198.51.100.7:4444', first: at(7), count: 1 },
    ]);
    expect(summary).toMatchObject({ events: 8, drifts: 2, incidents: 1 });
  });

  it('says with code 4 that events were lost, but drift wins', async () => {
    expect((await backtest([...benign, gap])).exitCode).toBe(4);
    expect((await backtest([...attack, gap])).exitCode).toBe(1);
  });

  it('says with code 4 that nothing could be judged, rather than no drift', async () => {
    const late = benign.slice(1, 2);
    const io = await whorl({ 'b.json': await learned(benign), e: late.join('') }, 'backtest', 'b.json', 'e');
    expect(io.stdout).toEqual(['nothing was judged: 0 behaviours of 1 event judged']);
    expect(io.exitCode).toBe(4);
  });

  it('counts what names another image', async () => {
    const io = await backtest([...benign, foreign]);
    expect(JSON.parse(io.stdout[0] ?? '')).toMatchObject({ otherImages: 1, incidents: 0 });
  });
});

describe('explain', () => {
  it('explains an incident line of judge', async () => {
    const [incident] = (await backtest(attack)).stdout;
    const io = await whorl({ i: incident ?? '' }, 'explain', '--file', 'i');
    expect(io.stdout.join('\n')).toMatch(
      /connect by \/tmp\/\.x: 198\.51\.100\.7:4444\n {2}a connection was made/,
    );
  });

  it.each(['foreign-origin', 'EXPIRED', '4', 'horizon', 'unjudged', 'kill'])('knows %s', async (word) => {
    const io = await whorl({}, 'explain', word);
    expect(io.exitCode).toBe(0);
    expect(io.stdout[0]).toMatch(new RegExp(`^${word}: `));
  });
});

it('reads gzip through the real reader', async () => {
  const { readChunks } = await import('./read-file.ts');
  const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
  const directory = mkdtempSync('/tmp/whorl-gzip-');
  writeFileSync(`${directory}/e.gz`, gzipSync(benign.join('')));
  const io = fakeIo({}, { readChunks });
  await main(['learn', '--subject', `shop@${digest}`, '--from', `${directory}/e.gz`, '--out', 'b'], io);
  rmSync(directory, { recursive: true });
  expect(Buffer.from(io.files.get('b') ?? []).toString()).toBe(await learned(benign));
});
