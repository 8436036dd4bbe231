import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbBehaviour, arbPath } from '../test/fakes/behaviours.ts';
import type { Actor, Behaviour } from './behaviour.ts';
import { generalise, generaliseArg, generaliseArgs, generaliseName, generalisePath } from './generalise.ts';
import type { GeneraliseRule } from './generalise-forms.ts';
import { generaliseCode } from './generalise-path.ts';
import { generaliseRules } from './generalise-rules.ts';

function apply(rule: GeneraliseRule, given: string): string {
  switch (rule.scope) {
    case 'class':
    case 'library':
      return generalisePath(given, {}, 'read');
    case 'converter':
      return generaliseCode(given, {}, true);
    case 'alias':
    case 'process':
    case 'path':
    case 'segment':
      return generalisePath(given, {}, 'write');
    case 'argument':
      return generaliseArg(given, {});
    case 'name':
      return generaliseName(given, {});
  }
}

describe.each(generaliseRules.map((r) => [r.id, r] as const))('generalisation row %s', (_id, rule) => {
  it.each(rule.examples.map((e) => [...e] as const))('%j → %j', (given, general) => {
    expect(apply(rule, given)).toBe(general);
    expect(apply(rule, general)).toBe(general);
  });

  // Another row may still change it; this one must not.
  const mark = rule.put.split('$1').at(-1) ?? rule.put;
  it.each(rule.counterExamples.map((c) => [c]))('does not touch %j', (given) => {
    // A row that only takes away leaves no mark.
    if (mark === '') expect(given.replace(rule.find, '')).toBe(given);
    else expect(apply(rule, given)).not.toContain(mark);
  });
});

it('has one row per id', () => {
  const ids = generaliseRules.map((r) => r.id);
  expect(new Set(ids).size).toBe(ids.length);
});

const known = {
  pod: 'cart-7d9f8b6c5-x2x4z',
  address: '10.0.0.7',
  uid: '6b1f2a3c-0000-4000-8000-1234567890ab',
  namespace: 'shop',
  node: 'node-17.example',
  hostname: 'cart-7d9f8b6c5-x2x4z',
  container: `${'0123456789abcdef'.repeat(4)}`,
} as const;

describe("this copy's own names", () => {
  it.each([
    ['s/API_HOST/10.0.0.7/', 's/API_HOST/{address}/'],
    ['http://10.0.0.7:8080/x', 'http://{address}:8080/x'],
    ['{"ip":"10.0.0.7"}', '{"ip":"{address}"}'],
    ['10.0.0.70', '10.0.0.70'],
    ['worker@cart-7d9f8b6c5-x2x4z', 'worker@{pod}'],
    ['--id=0123456789ab', '--id={container}'],
    ['cart.shop.svc.cluster.local', 'cart.{namespace}.svc.cluster.local'],
    ['shop', 'shop'],
    ['node-17.example', '{node}'],
  ])('are substituted in arguments: %j → %j', (given, general) => {
    expect(generaliseArgs(['x', given], known)).toEqual(['x', general]);
  });

  it('are substituted in paths, peers and names', () => {
    const actor: Actor = { root: 'entrypoint', lineage: ['/x'] };
    const of = (b: Behaviour): Behaviour => generalise(b, known);
    expect(of({ ...actor, kind: 'delete', path: '/log/cart-7d9f8b6c5-x2x4z/a' })).toMatchObject({
      path: '/log/{pod}/a',
    });
    expect(of({ ...actor, kind: 'connect', transport: 'tcp', peer: '10.0.0.7', port: 80 })).toMatchObject({
      peer: '{address}',
    });
    expect(of({ ...actor, kind: 'resolve', name: 'DB.shop.svc.' })).toMatchObject({
      name: 'db.{namespace}.svc',
    });
  });

  it.each([
    ['node', 'node'],
    ['hostname', 'cart'],
    ['address', '127.0.0.1'],
    ['pod', '12345'],
  ])('are left when they could be anything: %s %s', (key, value) => {
    expect(generaliseArgs(['x', `/usr/bin/${value}`], { [key]: value })).toEqual(['x', `/usr/bin/${value}`]);
  });
});

describe('a copy with a name of somebody else', () => {
  it.each([['/srv/tls/server.key'], ['/mnt/docker.sock']])('leaves %s sensitive', (path) => {
    const pod = path.slice(path.lastIndexOf('/') + 1);
    expect(generalisePath(path, { pod })).toBe(path);
  });

  it('leaves programs and their libraries where the image has them', () => {
    const lineage = ['/usr/bin/redis-server', '/usr/bin/python3.11'];
    const actor: Actor = { root: 'entrypoint', lineage };
    for (const hostname of ['redis-server', 'python3.11', 'libc.so.6']) {
      expect(generalise({ ...actor, kind: 'exec', args: [] }, { hostname }).lineage).toEqual(lineage);
      const load: Behaviour = { ...actor, kind: 'load', path: '/usr/lib/libc.so.6', origin: 'image' };
      expect(generalise(load, { hostname })).toEqual(load);
    }
  });
});

it.each([
  ['/sys/fs/cgroup/../../../srv/secret'],
  ['/usr/share/zoneinfo/../../../srv/secret'],
  ['/proc/self/../../srv/secret'],
  ['/proc/sys/../1/environ/../x'],
  ['/usr/share/locale/…'],
])('takes %s for no class: it may lie anywhere', (path) => {
  expect(generalisePath(path, {}, 'read')).not.toContain('{class}');
});

it('costs of a hostile argument what it costs of any', () => {
  const worst = (unit: string): number => {
    const arg = unit.repeat(64 * 1024).slice(0, 256 * 1024);
    const before = performance.now();
    generaliseArgs(['x', arg], {});
    return performance.now() - before;
  };
  // Quadratic, one of these would take four minutes.
  for (const unit of ['._-', 'a._-', '-aB1', '/tmp/._-', 'a1b2c3-', 'aB1cD2.'])
    expect(worst(unit)).toBeLessThan(20_000);
});

describe('arguments that are code', () => {
  it.each([
    [['sh', '-c', 'cp /b/dump-2026-05-02.sql /x']],
    [['/bin/bash', '-lc', 'run 3f2504e0-4f89-41d3-9a0c-0305e82c3301 now']],
    [['python3', '-c', 'open("/tmp/tmp.Xb3kQ9aZ1p")']],
    [['node', '--eval', 'x("2026-05-02")']],
    [['node', '--eval=x("2026-05-02")']],
    [['timeout', '5', 'sh', '-c', 'x 2026-05-02 y']],
    [['python3', '/tmp/tmp.Xb3kQ9aZ1p/x.py']],
    [['env', 'A=1', 'sh', '/tmp/tmp.Xb3kQ9aZ1p']],
    [['busybox', 'sh', '-c', 'a 2026-05-02']],
  ])('stay as they are: %j', (args) => expect(generaliseArgs(args, {})).toEqual(args));

  it('still lose their secrets', () => {
    expect(generaliseArgs(['sh', '-c', 'PASSWORD=hunter2 run'], {})).toEqual([
      'sh',
      '-c',
      'PASSWORD={secret} run',
    ]);
  });

  it('lets a sensitive file keep its name in an argument', () => {
    expect(generaliseArgs(['cat', '/proc/4711/environ', '/proc/4711/stat'], {})).toEqual([
      'cat',
      '/proc/4711/environ',
      '/proc/{pid}/stat',
    ]);
  });

  it('end where data begins', () => {
    expect(generaliseArgs(['python3', 'job.py', '--out=/b/x-2026-05-02'], {})).toEqual([
      'python3',
      'job.py',
      '--out=/b/x-{date}',
    ]);
  });
});

describe('generalise', () => {
  const actor: Actor = { root: 'entrypoint', lineage: ['/x'] };

  it.each<[string, Behaviour, object]>([
    [
      'an exec keeps its file',
      { ...actor, lineage: ['/tmp/tmp.Xb3kQ9aZ1p'], kind: 'exec', args: [] },
      { lineage: ['/tmp/tmp.Xb3kQ9aZ1p'] },
    ],
    [
      'a load keeps its file',
      { ...actor, kind: 'load', path: '/tmp/tmp.Xb3kQ9aZ1p.so.1.2' },
      { path: '/tmp/tmp.Xb3kQ9aZ1p.so.1.2' },
    ],
    [
      'a write into /proc keeps its place',
      { ...actor, kind: 'open', path: '/proc/7/oom_score_adj', access: 'write' },
      { path: '/proc/{pid}/oom_score_adj' },
    ],
    [
      'a sensitive path keeps its name',
      { ...actor, kind: 'open', path: '/proc/7/environ', access: 'read' },
      { path: '/proc/7/environ' },
    ],
    [
      'a token file is the same file after its rotation',
      {
        ...actor,
        kind: 'open',
        path: '/run/secrets/kubernetes.io/serviceaccount/..2026_05_02_08_00_00.123456789/token',
        access: 'read',
      },
      { path: '/run/secrets/kubernetes.io/serviceaccount/token' },
    ],
    [
      'loopback is localhost',
      { ...actor, kind: 'connect', transport: 'tcp', peer: '127.0.0.53', port: 80, unnamed: true },
      { peer: 'localhost', port: 80 },
    ],
    [
      'a drawn stream port of a peer stays',
      { ...actor, kind: 'connect', transport: 'tcp', peer: 'a.example', port: 45_000 },
      { port: 45_000 },
    ],
    [
      'a drawn datagram port does not',
      { ...actor, kind: 'connect', transport: 'udp', peer: 'a.example', port: 45_000 },
      { port: -1 },
    ],
    [
      'a drawn listening port does not',
      { ...actor, kind: 'listen', transport: 'tcp', port: 45_000 },
      { port: -1 },
    ],
    [
      'an address stays an address',
      { ...actor, kind: 'connect', transport: 'tcp', peer: '192.0.2.7', port: 80, unnamed: true },
      { peer: '192.0.2.7', unnamed: true },
    ],
    [
      'a socket is a path',
      { ...actor, kind: 'connect', transport: 'unix', peer: '/run/app-2026-05-02.sock', port: 0 },
      { peer: '/run/app-{date}.sock' },
    ],
  ])('%s', (_name, b, wanted) => expect(generalise(b, {})).toMatchObject(wanted));

  it('drops that a peer is unnamed when it is loopback', () => {
    const b = generalise(
      { ...actor, kind: 'connect', transport: 'tcp', peer: '::1', port: 80, unnamed: true },
      {},
    );
    expect(b).not.toHaveProperty('unnamed');
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(arbBehaviour, fc.constantFrom({}, known), (b, k) => {
        const once = generalise(b, k);
        expect(generalise(once, k)).toEqual(once);
        expect(generalise(once, {})).toEqual(once);
      }),
      { numRuns: 2000 },
    );
  });

  it('never takes the last literal part of a path', () => {
    fc.assert(
      fc.property(arbPath, (path) => {
        const general = generalisePath(path, {}, 'read');
        expect(general === path || /[\p{L}\p{N}]/u.test(general.replace(/\{[a-z0-9]+\}/g, ''))).toBe(true);
      }),
    );
  });
});
