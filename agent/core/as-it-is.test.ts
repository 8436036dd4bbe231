import { describe, expect, it } from 'vitest';
import type { Origin } from '../../fingerprint/event.ts';
import { Desk, judging, ref } from '../../test/fakes/watch-desk.ts';
import type { WatchedInstance } from './watched.ts';

const python = '/usr/bin/python3.11';
const sh = '/usr/bin/dash';

/** A service that starts a shell script and a Python program, all of the image but for what `more` says. */
function scripts(desk: Desk): void {
  desk.start(100, '/cart');
  desk.run(100, 101, sh, { args: ['sh', '/app/job'] });
  desk.open(101, '/app/job', { origin: 'image' });
  desk.run(100, 102, python, { args: ['python3', '/app/tool.py'] });
  desk.open(102, '/app/tool.py', { origin: 'image' });
  desk.open(102, '/data/rows.csv', { origin: 'volume' });
}

describe('code that an interpreter reads', () => {
  it.each<[string, (desk: Desk) => void, string[]]>([
    ['the script of the image', (d) => d.open(101, '/app/job', { origin: 'image' }), []],
    [
      'the script that was overwritten',
      (d) => d.open(101, '/app/job', { origin: 'upper' }),
      [`/cart>${sh} load never-learnable`],
    ],
    [
      'a module that was planted',
      (d) => d.open(102, '/app/plugin.py', { origin: 'upper' }),
      [`/cart>${python} load never-learnable`],
    ],
    [
      'a module of a volume, which could have been learned',
      (d) => d.open(102, '/data/plugin.py', { origin: 'volume' }),
      [`/cart>${python} load new-file`],
    ],
    [
      'data of a volume',
      (d) => d.open(102, '/data/more.csv', { origin: 'volume' }),
      [`/cart>${python} open new-file`],
    ],
    [
      'code that no interpreter reads',
      (d) => d.open(100, '/data/plugin.py', { origin: 'volume' }),
      ['/cart open new-file'],
    ],
    [
      'code that is written',
      (d) => d.open(102, '/data/plugin.py', { origin: 'volume', access: 'create' }),
      [`/cart>${python} open new-file`],
    ],
    [
      'what a source without layers tells of',
      (d) => d.open(102, '/data/plugin.py'),
      [`/cart>${python} open new-file`],
    ],
    [
      "Python's own cache, which could also have been planted",
      (d) => d.open(102, '/app/__pycache__/plugin.cpython-311.pyc', { origin: 'upper' }),
      [`/cart>${python} open new-file`],
    ],
  ])('%s', (_what, act, drifts) => {
    const desk = judging(scripts);
    scripts(desk);
    expect(desk.drifts()).toEqual([]);
    act(desk);
    expect(desk.drifts()).toEqual(drifts);
  });

  it('is learned exactly from a volume, and never from the upper layer', () => {
    const desk = new Desk();
    scripts(desk);
    desk.open(102, '/data/plugin.py', { origin: 'volume' });
    desk.open(102, '/app/planted.py', { origin: 'upper' });
    expect(desk.novelties()).toContain(`/cart>${python} load /data/plugin.py`);
    expect(desk.novelties().join()).not.toContain('planted');
    expect(desk.drifts()).toEqual([`/cart>${python} load never-learnable`]);
  });

  it('is the script of one run and data of the next, by the same program', () => {
    const desk = new Desk();
    desk.start(100, '/cart');
    desk.run(100, 101, python, { args: ['python3', '/data/job'] });
    desk.run(100, 102, python, { args: ['python3', '-c', 'pass'] });
    for (const pid of [102, 101]) desk.open(pid, '/data/job', { origin: 'volume' });
    expect(desk.novelties().filter((n) => n.endsWith('/data/job'))).toEqual([
      `/cart>${python} open /data/job`,
      `/cart>${python} load /data/job`,
    ]);
  });
});

describe('another name of a sensitive file', () => {
  const keys = (desk: Desk): void => {
    desk.start(100, '/cart');
    for (const n of [1, 2, 3]) desk.open(100, `/data/${n}`, { origin: 'volume' });
  };

  it('is judged as that file, wherever it lies', () => {
    const desk = judging((d) => {
      keys(d);
      d.open(100, '/data/x', { origin: 'volume' });
    });
    keys(desk);
    desk.open(100, '/data/x', { origin: 'volume' });
    desk.see({ kind: 'link', process: ref(100), path: '/data/x', target: '/etc/shadow', symbolic: false });
    expect(desk.drifts()).toEqual(['/cart link sensitive-file']);
    // The very same open as before, which was known.
    desk.open(100, '/data/x', { origin: 'volume' });
    const drifts = desk.incidents().flatMap((i) => i.drifts);
    expect(drifts.map((d) => `${d.kind} ${d.because} ${d.subject}`).sort()).toEqual([
      'link sensitive-file /data/x → /etc/shadow',
      'open sensitive-file /etc/shadow',
    ]);
  });

  it('is nothing new to a workload that was learned with it', () => {
    const link = (d: Desk): void => {
      keys(d);
      d.see({
        kind: 'link',
        process: ref(100),
        path: '/run/k',
        target: '/etc/ssl/private/a.key',
        symbolic: false,
      });
      d.open(100, '/run/k', { origin: 'image' });
    };
    const desk = judging(link);
    link(desk);
    expect(desk.drifts()).toEqual([]);
  });

  it('is not believed of another copy', () => {
    const desk = judging(keys);
    keys(desk);
    desk.start(200, '/cart');
    desk.see({ kind: 'link', process: ref(200), path: '/data/1', target: '/etc/shadow', symbolic: false });
    desk.open(100, '/data/1', { origin: 'volume' });
    expect(desk.drifts()).toEqual(['/cart link sensitive-file']);
  });

  it('is not made by an attempt that failed', () => {
    const desk = judging(keys);
    keys(desk);
    const failed = { path: '/data/1', target: '/etc/shadow', symbolic: false, error: 1 };
    desk.see({ kind: 'link', process: ref(100), ...failed });
    desk.open(100, '/data/1', { origin: 'volume' });
    expect(desk.drifts()).toEqual([]);
  });
});

describe('bytes that were looked at', () => {
  const touched = (desk: Desk): void => {
    desk.start(100, '/cart');
    desk.run(100, 101, '/app/server', { origin: 'upper' });
    desk.see({ kind: 'load', process: ref(101), path: '/app/a.so', origin: 'upper' });
  };

  it("are the image's, when the image has the same there", () => {
    const desk = judging(touched, {}, { bytesOf: () => ({ origin: 'image' }) });
    touched(desk);
    expect(desk.drifts()).toEqual([]);
    expect(desk.counters.get('behaviours.expected') + desk.counters.get('behaviours.known')).toBe(3);
  });

  it('are looked at again each time: they may be others by then', () => {
    let origin: 'image' | 'upper' = 'image';
    const desk = judging(touched, {}, { bytesOf: () => ({ origin }) });
    touched(desk);
    origin = 'upper';
    desk.see({ kind: 'load', process: ref(101), path: '/app/a.so', origin: 'upper' });
    expect(desk.drifts()).toEqual(['/cart>/app/server load foreign-origin']);
  });

  it('carry the digest of what was run', () => {
    const sha256 = 'c'.repeat(64);
    const desk = new Desk({ bytesOf: () => ({ origin: 'upper', sha256 }) });
    touched(desk);
    expect(desk.incidents()[0]?.drifts.find((d) => d.kind === 'exec')).toMatchObject({ sha256 });
  });

  it('are not looked at where the source is sure', () => {
    const asked: string[] = [];
    const desk = new Desk({
      bytesOf: ({ path }) => {
        asked.push(path);
        return undefined;
      },
    });
    desk.start(100, '/cart');
    desk.run(100, 101, '/proc/self/fd/3', { origin: 'memory' });
    desk.open(100, '/data/x.py', { origin: 'volume' });
    expect(asked).toEqual([]);
  });
});

describe('files of a source that does not tell where they come from', () => {
  const unplaced = (desk: Desk): void => {
    desk.see({ kind: 'cgroup', action: 'made', id: 100, path: '/k8s.io/cart-100' });
    desk.see({ kind: 'attach', process: ref(100), to: 100 });
    desk.see({ kind: 'exec', process: ref(100), exe: '/cart', args: ['/cart'] });
    desk.see({ kind: 'load', process: ref(100), path: '/lib/a.so' });
    desk.open(100, '/usr/share/zoneinfo/UTC');
  };
  const zone = '/usr/share/zoneinfo/UTC';
  const by = { process: ref(100) };
  /** The image's, until somebody writes into the container. */
  const looking = () => {
    const written = new Set<string>();
    return {
      written,
      originOf: ({ path }: { path: string }) => (written.has(path) ? 'upper' : 'image') as Origin,
    };
  };

  it('come from where the node shows them, as if the source had told', () => {
    const told = judging(
      (desk) => {
        desk.start(100, '/cart');
        desk.see({ kind: 'load', process: ref(100), path: '/lib/a.so', origin: 'image' });
        desk.open(100, '/usr/share/zoneinfo/CET', { origin: 'image' });
      },
      {},
      looking(),
    );
    unplaced(told);
    expect(told.drifts()).toEqual([]);
  });

  let pid = 100;
  const runs = (desk: Desk): void => {
    pid += 1;
    desk.see({ kind: 'fork', process: ref(100), child: ref(pid) });
    desk.see({ kind: 'exec', process: ref(pid), exe: '/app/tool', args: ['/app/tool'] });
  };
  const loads = (desk: Desk): void => desk.see({ kind: 'load', process: ref(100), path: '/lib/a.so' });

  it.each<[string, string, (desk: Desk) => void]>([
    ['/app/tool', '/cart>/app/tool exec foreign-origin', runs],
    ['/lib/a.so', '/cart load foreign-origin', loads],
  ])('%s is looked at each time: it may have been overwritten', (path, drift, act) => {
    const { written, originOf } = looking();
    const known: string[] = [];
    const start = (desk: Desk): void => {
      unplaced(desk);
      runs(desk);
    };
    const desk = judging(start, {}, { originOf, onKnown: ({ event }) => known.push(event.kind) });
    start(desk);
    act(desk);
    expect(desk.drifts()).toEqual([]);
    // What is answered at a look would not be looked at again.
    expect(known).not.toContain('load');
    written.add(path);
    act(desk);
    expect(desk.drifts()).toEqual([drift]);
  });

  it.each<[string, boolean, (desk: Desk) => void]>([
    ['it is written to', true, (desk) => desk.open(100, zone, { access: 'write' })],
    ['another is moved there', true, (desk) => desk.see({ ...by, kind: 'rename', path: '/tmp/x', to: zone })],
    [
      'another is linked there',
      true,
      (desk) => desk.see({ ...by, kind: 'link', path: zone, target: '/tmp/x', symbolic: false }),
    ],
    [
      'something is mounted',
      true,
      (desk) => desk.see({ ...by, kind: 'privilege', privilege: 'mount', detail: 'tmpfs on /usr' }),
    ],
    ['writing to it fails', false, (desk) => desk.open(100, zone, { access: 'write', error: 13 })],
    ['another is written to', false, (desk) => desk.open(100, '/var/log/cart', { access: 'write' })],
  ])('what was known of data is asked again when %s: %s', (_, isAgain, change) => {
    const copies = new Set<WatchedInstance>();
    const desk = new Desk({ ...looking(), onKnown: (__, copy) => void copies.add(copy) });
    unplaced(desk);
    desk.open(100, zone);
    const [copy] = copies;
    const before = copy?.known.epoch;
    expect(before).toBeDefined();
    change(desk);
    expect(copy?.known.epoch !== before).toBe(isAgain);
  });

  it('is not asked where the source told, nor about what failed', () => {
    const asked: string[] = [];
    const desk = new Desk({
      originOf: ({ path }) => {
        asked.push(path);
        return undefined;
      },
    });
    desk.start(100, '/cart');
    desk.open(100, '/data/x', { origin: 'volume' });
    desk.open(100, '/nowhere', { error: 2 });
    expect(asked).toEqual([]);
  });
});

describe('somebody who entered', () => {
  const enter = (desk: Desk, caller?: string): void => {
    desk.start(100, '/cart');
    desk.see({ kind: 'attach', process: ref(101), to: 100 });
    desk.exec(101, '/bin/sh', caller === undefined ? {} : { caller });
    desk.run(101, 102, '/usr/bin/id');
  };
  const callers = (desk: Desk) => desk.incidents().flatMap((i) => i.drifts.map((d) => d.caller));

  it('is named by the source', () => {
    const desk = new Desk({ callerOf: () => 'uid:0' });
    enter(desk, 'alice');
    expect(callers(desk)).toEqual(['alice', 'alice']);
    expect(desk.incidents()[0]?.sentence).toContain('somebody (alice) who entered');
  });

  it('is asked for once, at the first thing that is held against them', () => {
    const asked: number[] = [];
    const desk = new Desk({
      callerOf: ({ pid }) => {
        asked.push(pid);
        return 'uid:1000';
      },
    });
    enter(desk);
    expect(callers(desk)).toEqual(['uid:1000', 'uid:1000']);
    expect(asked).toEqual([101]);
  });

  it('is nobody where nobody knows', () => {
    const desk = new Desk({ callerOf: () => undefined });
    enter(desk);
    expect(callers(desk)).toEqual([undefined, undefined]);
  });
});

it('a preloaded library at restart is one incident of the hook and the library', () => {
  const start = (copy: number, hooked: boolean) => (desk: Desk) => {
    desk.start(copy, '/entry.sh');
    desk.exec(copy, '/cart', hooked ? { env: ['LD_PRELOAD'] } : {});
    const library = hooked
      ? ({ path: '/tmp/evil.so', origin: 'scratch' } as const)
      : ({ path: '/lib/a.so', origin: 'image' } as const);
    desk.see({ kind: 'load', process: ref(copy), ...library });
  };
  const desk = judging(start(100, false));
  start(200, true)(desk);
  expect(desk.incidents()).toHaveLength(1);
  expect(desk.drifts().sort()).toEqual([
    '/entry.sh>/cart exec new-environment',
    '/entry.sh>/cart load never-learnable',
  ]);
  expect(desk.incidents()[0]?.severity).toBe('critical');
});
