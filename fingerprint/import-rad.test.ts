import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Behaviour, Root } from './behaviour.ts';
import { generalise } from './generalise.ts';
import { convertRad, readRad } from './import-rad.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';

const subject = { name: 'registry.example/shop/store', digest: `sha256:${'1'.repeat(64)}` };
const madeAt = '2026-01-01T00:00:00Z';
const fixture: unknown = JSON.parse(
  readFileSync(new URL('../test/fixtures/import/rad.json', import.meta.url), 'utf8'),
);

/** As it stands in a document, before any reader of ours. */
interface Node {
  readonly programs?: readonly { readonly comm: string; readonly args?: readonly string[] }[];
  readonly files?: readonly { readonly path: string }[];
  readonly connections?: readonly {
    readonly address: string;
    readonly hostname?: string;
    readonly port: number;
  }[];
  readonly children?: readonly Node[];
}

/** Every act of a tree as somebody would see it who watched: programs that follow in one process are its stages. */
function* actsOf(root: Root, above: readonly string[], node: Node): Generator<Behaviour> {
  let lineage = above;
  for (const { comm, args = [] } of node.programs ?? []) {
    const first = args[0] ?? comm;
    const exe = first.startsWith('/')
      ? first
      : (node.files?.find((f) => f.path.endsWith(`/${first}`))?.path ?? first);
    lineage = [...lineage, exe];
    yield { root, lineage, kind: 'exec', args: args.length === 0 ? [comm] : args };
  }
  for (const { path } of node.files ?? []) yield { root, lineage, kind: 'open', path, access: 'read' };
  for (const { address, hostname = '', port } of node.connections ?? [])
    yield {
      root,
      lineage,
      kind: 'connect',
      transport: 'tcp',
      peer: hostname === '' ? address : hostname,
      port,
    };
  for (const child of node.children ?? []) yield* actsOf(root, lineage, child);
}

function imported(document: unknown, container = 0) {
  const found = readRad(document)[container];
  if (found === undefined) throw new Error('no container');
  const result = convertRad(found, subject, madeAt);
  const index = indexBehaviour(result.baseline);
  return { ...result, verdictOf: (b: Behaviour) => judge(generalise(b, {}), index) };
}

describe('convertRad', () => {
  const { verdictOf, baseline, leftOut, notes, programs } = imported(fixture);
  const tree = (fixture as { containers: { entrypoint: { process: Node }; exec: { process: Node } }[] })
    .containers[0];

  it('accepts each lineage, program, argument vector, file and peer of the tree', () => {
    const refused = new Set(leftOut.map(({ what }) => what));
    const acts = [
      ...actsOf('entrypoint', [], tree?.entrypoint.process ?? {}),
      ...actsOf('probe', [], tree?.exec.process ?? {}),
      ...actsOf('interactive', [], tree?.exec.process ?? {}),
    ];
    expect(acts.length).toBeGreaterThan(20);
    for (const act of acts) {
      if (act.kind === 'open' && refused.has(act.path)) continue;
      expect([act, verdictOf(act)]).toEqual([act, { kind: 'expected' }]);
    }
  });

  it('reads the marks of the format as what they stand for', () => {
    const lineage = ['/bin/sh', '/opt/store/bin/stored'];
    const open = (path: string, access: 'read' | 'write' = 'read'): Behaviour => ({
      root: 'entrypoint',
      lineage,
      kind: 'open',
      path,
      access,
    });
    for (const path of [
      '/etc/store/..2026_03_01_10_00_00.123456789/store.conf',
      '/run/../proc/4711/stat'.slice(7),
      '/data/segments/000017.seg',
      '/tmp/store.Xb3kQ9aZ1p',
    ])
      expect([path, verdictOf(open(path)).kind]).toEqual([path, 'expected']);
    expect(verdictOf(open('/data/segments/000017.seg', 'write')).kind).toBe('expected');
  });

  it('grants nothing else', () => {
    const lineage = ['/bin/sh', '/opt/store/bin/stored'];
    const refusedActs: readonly Behaviour[] = [
      { root: 'entrypoint', lineage: [...lineage, '/bin/sh'], kind: 'exec', args: ['sh'] },
      { root: 'entrypoint', lineage, kind: 'open', path: '/etc/shadow', access: 'read' },
      {
        root: 'entrypoint',
        lineage,
        kind: 'open',
        path: '/lib/x86_64-linux-gnu/libc-2.36.so',
        access: 'write',
      },
      { root: 'entrypoint', lineage, kind: 'connect', transport: 'tcp', peer: '192.0.2.10', port: 9100 },
      { root: 'entrypoint', lineage: ['/bin/date'], kind: 'exec', args: ['/bin/date', '+%s'] },
    ];
    for (const act of refusedActs) expect([act, verdictOf(act).kind]).toEqual([act, 'drift']);
  });

  it('merges siblings and says what it could not take and what it took for granted', () => {
    expect(programs).toBe(5);
    expect(
      baseline.behaviour.programs.filter((p) => p.exe === '/bin/date' && p.parent === '/bin/sh'),
    ).toHaveLength(1);
    expect(leftOut).toEqual([
      { what: '/*', why: 'accepts-anything' },
      { what: '/srv/*-part/x', why: 'not-expressible' },
    ]);
    expect(notes.join('\n')).toMatch(/read, written and created/);
    expect(notes.join('\n')).toMatch(/by exec/);
  });

  it('covers what the format can say, and nothing else', () => {
    expect(baseline.coverage).toEqual(['connect', 'exec', 'open']);
    expect(baseline.observation).toMatchObject({
      startedAt: '2026-03-01T10:00:00Z',
      source: 'import rad',
      events: 0,
    });
  });

  const word = fc.stringMatching(/^[a-z]{1,6}$/);
  const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => `/srv/${parts.join('/')}`);
  const leaf = {
    programs: fc.array(
      fc.record({
        comm: word,
        args: fc.tuple(path, fc.array(word, { maxLength: 2 })).map(([p, rest]) => [p, ...rest]),
      }),
      { maxLength: 2 },
    ),
    files: fc.array(fc.record({ path }), { maxLength: 3 }),
    connections: fc.array(
      fc.record({
        address: fc.constant('192.0.2.1'),
        hostname: fc.constantFrom('', 'a.example'),
        port: fc.nat(65_535),
      }),
      { maxLength: 2 },
    ),
  };
  const { node } = fc.letrec<{ node: Node }>((tie) => ({
    node: fc.record({
      ...leaf,
      children: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('node'), { maxLength: 2 })),
    }),
  }));

  it('accepts every act of any tree', () => {
    fc.assert(
      fc.property(node, (process) => {
        // A tree begins with a program.
        const root = {
          ...process,
          programs: [{ comm: 'init', args: ['/sbin/init'] }, ...(process.programs ?? [])],
        };
        const document = { kind: 'Fingerprint', containers: [{ name: 'x', entrypoint: { process: root } }] };
        const { verdictOf: verdict } = imported(document);
        for (const act of actsOf('entrypoint', [], root))
          expect([act, verdict(act)]).toEqual([act, { kind: 'expected' }]);
      }),
      { seed: 20_26, numRuns: 200 },
    );
  });
});

describe('readRad', () => {
  it.each<[string, unknown, string]>([
    ['another document', { kind: 'Pod', containers: [] }, ''],
    ['no object', [], ''],
    ['a container without a name', { kind: 'Fingerprint', containers: [{}] }, 'containers[0].name'],
    [
      'a port that is none',
      {
        kind: 'Fingerprint',
        containers: [{ name: 'x', exec: { process: { connections: [{ address: '::1', port: 70_000 }] } } }],
      },
      'containers[0].exec.process.connections[0].port',
    ],
  ])('refuses %s, naming the place', (_name, document, field) => {
    expect(() => readRad(document)).toThrowError(expect.objectContaining({ code: 'SCHEMA', field }));
  });

  it('refuses a tree nobody recorded', () => {
    let process: object = { programs: [{ comm: 'x', args: ['/x'] }] };
    for (let i = 0; i < 100; i++) process = { children: [process] };
    expect(() =>
      readRad({ kind: 'Fingerprint', containers: [{ name: 'x', entrypoint: { process } }] }),
    ).toThrow(/nested too deep/);
  });
});
