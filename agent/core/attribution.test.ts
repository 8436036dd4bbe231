import { describe, expect, it } from 'vitest';
import type { Event, EventOf, ProcessRef } from '../../fingerprint/event.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import type { Attributed, AttributedAct } from './attributed.ts';
import { Attribution, type AttributionOptions } from './attribution.ts';
import { Counters } from './counters.ts';

const sec = 1_000_000;
const host = 1;
const c1 = 44;
const c1Child = 45;
const unit = 50;
const plain = 60;
const container = '/k8s.io/c1';

const workload: Workload = {
  cluster: 'c',
  namespace: 'n',
  owner: 'o',
  container: 'main',
  role: 'main',
  subject: { name: 'app', digest: `sha256:${'a'.repeat(64)}` },
};

/** A node in miniature: events in the order they happen, time passing by itself. */
class Node {
  readonly counters = new Counters();
  readonly attribution: Attribution;
  readonly out: Attributed[] = [];
  #time = sec;
  readonly #asks: boolean;

  /** @param asked `later`: the workload is not told before `identify`. */
  constructor(options: Partial<AttributionOptions> = {}, asked: 'at once' | 'later' = 'at once') {
    this.#asks = options.offline !== true && asked === 'at once';
    this.attribution = new Attribution({ counters: this.counters, ...options });
    this.cgroup(host, '/');
    this.cgroup(c1, container);
    this.cgroup(c1Child, `${container}/child`);
    this.cgroup(unit, '/system.slice/web.service');
    this.cgroup(plain, '/demo/copy-1');
  }

  wait(us: number): void {
    this.#time += us;
  }

  see(event: Omit<Event, 'time'> & { time?: number }): void {
    this.#time += 1_000;
    // One literal, one kind: the spread loses what the compiler knew of the union.
    this.#take(this.attribution.observe({ time: this.#time, ...event } as Event));
  }

  settle(): void {
    this.#take(this.attribution.settle(this.#time));
  }

  #take(items: readonly Attributed[]): void {
    for (const item of items) {
      this.out.push(item);
      const isNew = item.type === 'instance' && item.state !== 'exited';
      if (isNew && this.#asks) this.#take(this.attribution.identify(item.instance, workload));
    }
  }

  /** The runtime names the container's probes. */
  know(probes: readonly (readonly string[])[]): void {
    const instance = this.attribution.instance('c1');
    if (instance !== undefined) instance.container = { id: 'c1', probes };
  }
  identify(): void {
    const instance = this.attribution.instance('c1');
    if (instance !== undefined) this.#take(this.attribution.identify(instance, workload));
  }

  cgroup(id: number, path: string, action: 'found' | 'made' | 'removed' = 'found'): void {
    this.see({ kind: 'cgroup', process: ref(0), id, path, action } as EventOf<'cgroup'>);
  }
  fork(parent: ProcessRef, child: ProcessRef): void {
    this.see({ kind: 'fork', process: parent, child } as EventOf<'fork'>);
  }
  exec(process: ProcessRef, exe: string, more: Partial<EventOf<'exec'>> = {}): void {
    this.see({ kind: 'exec', process, exe, args: [exe], ...more } as EventOf<'exec'>);
  }
  open(process: ProcessRef, path: string, more: Partial<EventOf<'open'>> = {}): void {
    this.see({ kind: 'open', process, path, access: 'read', ...more } as EventOf<'open'>);
  }
  attach(process: ProcessRef, to: number): void {
    this.see({ kind: 'attach', process, to } as EventOf<'attach'>);
  }
  exit(process: ProcessRef): void {
    this.see({ kind: 'exit', process, code: 0 } as EventOf<'exit'>);
  }

  acts(): string[] {
    return this.out.filter((item): item is AttributedAct => item.type === 'act').map(sentence);
  }
}

function ref(pid: number, start = pid): ProcessRef {
  return { pid, start };
}

function sentence({ instance, actor, event }: AttributedAct): string {
  const what =
    event.kind === 'open' ? ` ${event.path}` : event.kind === 'privilege' ? ` ${event.privilege}` : '';
  return `${instance.id}: ${actor.root} ${actor.lineage.join('>')} ${event.kind}${what}`;
}

/** As runc does it: `runc init` is put into the cgroup, forks twice, and the last of them becomes the workload. */
function startContainer(
  node: Node,
  exe = '/app',
  pids: readonly [number, number, number] = [100, 101, 102],
): ProcessRef {
  const [parent, child, init] = pids.map((pid) => ref(pid));
  if (parent === undefined || child === undefined || init === undefined) throw new Error('three pids');
  node.fork(ref(10), parent);
  node.exec(parent, '/usr/sbin/runc', { cgroup: host, args: ['runc', 'init'] });
  node.attach(parent, c1);
  node.fork(parent, child);
  node.open(child, '/proc/self/setgroups', { cgroup: c1 });
  node.fork(child, init);
  node.exit(child);
  node.exit(parent);
  node.open(init, '/etc/passwd', { cgroup: c1 });
  node.exec(init, exe, { cgroup: c1 });
  return init;
}

describe('Attribution', () => {
  it('begins with the first exec of the process the runtime put into the container', () => {
    const node = new Node();
    const init = startContainer(node);
    node.open(init, '/etc/app.conf');
    expect(node.acts()).toEqual(['c1: entrypoint /app exec', 'c1: entrypoint /app open /etc/app.conf']);
    expect(node.counters.get('passed.prologue')).toBe(2);
    expect(node.out[0]).toMatchObject({ type: 'instance', state: 'started' });
  });

  it.each([
    ['from memory', '/memfd:runc_cloned:/proc/self/exe', 'memory'],
    ['from a mount that is detached', '/', undefined],
  ] as const)(
    "does not take the runtime's second execution of itself, %s, for the workload",
    (_, exe, origin) => {
      const node = new Node();
      node.fork(ref(10), ref(100));
      node.attach(ref(100), c1);
      node.exec(ref(100), exe, { args: ['runc', 'init'], ...(origin === undefined ? {} : { origin }) });
      node.open(ref(100), '/etc/group');
      node.exec(ref(100), '/app');
      expect(node.acts()).toEqual(['c1: entrypoint /app exec']);
    },
  );

  it('calls what enters a running container interactive', () => {
    const node = new Node();
    startContainer(node);
    startContainer(node, '/bin/sh', [200, 201, 202]);
    expect(node.acts()).toEqual(['c1: entrypoint /app exec', 'c1: interactive /bin/sh exec']);
  });

  describe('a probe', () => {
    const probes = [['sh', '-c', 'test -f /ready']];
    const probe = (node: Node): void => {
      node.fork(ref(10), ref(200));
      node.attach(ref(200), c1);
      node.exec(ref(200), '/bin/sh', { args: probes[0] ?? [], cgroup: c1 });
      node.fork(ref(200), ref(201));
      node.exec(ref(201), '/usr/bin/test');
    };
    const told = [
      'c1: entrypoint /app exec',
      'c1: probe /bin/sh exec',
      'c1: probe /bin/sh>/usr/bin/test exec',
    ];

    it('is known by its exact arguments, and so is what it starts', () => {
      const node = new Node();
      startContainer(node);
      node.know(probes);
      probe(node);
      node.open(ref(201), '/ready');
      expect(node.acts()).toEqual([...told, 'c1: probe /bin/sh>/usr/bin/test open /ready']);
    });

    it('that ran before the runtime told of it is known when it does', () => {
      const node = new Node({}, 'later');
      startContainer(node);
      probe(node);
      node.exit(ref(201));
      expect(node.acts()).toEqual([]);
      node.know(probes);
      node.identify();
      expect(node.acts()).toEqual(told);
      node.open(ref(200), '/ready');
      expect(node.acts().at(-1)).toBe('c1: probe /bin/sh open /ready');
    });

    it('is none with another argument, nor when the workload itself runs it', () => {
      const node = new Node();
      const init = startContainer(node);
      node.know(probes);
      node.fork(ref(10), ref(200));
      node.attach(ref(200), c1);
      node.exec(ref(200), '/bin/sh', { args: ['sh', '-c', 'test -f /ready; id'], cgroup: c1 });
      node.fork(init, ref(103));
      node.exec(ref(103), '/bin/sh', { args: probes[0] ?? [] });
      expect(node.acts().slice(1)).toEqual([
        'c1: interactive /bin/sh exec',
        'c1: entrypoint /app>/bin/sh exec',
      ]);
    });

    it('that then runs something else stays a probe, and what it runs is below it', () => {
      const node = new Node();
      startContainer(node);
      node.know(probes);
      probe(node);
      node.exec(ref(201), '/usr/bin/id');
      expect(node.acts().at(-1)).toBe('c1: probe /bin/sh>/usr/bin/test>/usr/bin/id exec');
    });
  });

  it('folds forks and appends executions', () => {
    const node = new Node();
    const init = startContainer(node);
    node.fork(init, ref(103));
    node.open(ref(103), '/a');
    node.exec(ref(103), '/bin/sh');
    node.exec(ref(103), '/bin/ls');
    expect(node.acts().slice(1)).toEqual([
      'c1: entrypoint /app open /a',
      'c1: entrypoint /app>/bin/sh exec',
      'c1: entrypoint /app>/bin/sh>/bin/ls exec',
    ]);
  });

  it('keeps the lineage over a double fork, a daemon and re-parenting', () => {
    const node = new Node();
    const init = startContainer(node);
    node.fork(init, ref(103));
    node.exec(ref(103), '/bin/sh');
    node.fork(ref(103), ref(104));
    node.fork(ref(104), ref(105));
    node.exit(ref(104));
    node.exit(ref(103));
    node.wait(60 * sec);
    node.exec(ref(105), '/bin/nc', { parent: init });
    expect(node.acts().at(-1)).toBe('c1: entrypoint /app>/bin/sh>/bin/nc exec');
    expect(node.attribution.subtree(init)).toEqual([init, ref(105)]);
  });

  it.each<[string, (node: Node) => void]>([
    ['without its exit seen', (node) => node.fork(ref(10), ref(103, 900))],
    [
      'and the exit comes late',
      (node) => {
        node.fork(ref(10), ref(103, 900));
        node.exit(ref(103));
      },
    ],
    [
      'and the old one is told of late',
      (node) => {
        node.fork(ref(10), ref(103, 900));
        node.open(ref(103), '/late');
      },
    ],
  ])('does not take a new process for the old one when a pid comes back %s', (_name, reuse) => {
    const node = new Node();
    const init = startContainer(node);
    node.fork(init, ref(103));
    node.exec(ref(103), '/bin/sh');
    reuse(node);
    node.exec(ref(103, 900), '/usr/bin/cron', { cgroup: host });
    node.open(ref(103, 900), '/etc/crontab', { cgroup: host });
    expect(node.acts().some((s) => s.includes('cron'))).toBe(false);
    node.fork(ref(103, 900), ref(104));
    node.exec(ref(104), '/bin/true', { cgroup: host });
    expect(node.acts().some((s) => s.includes('true'))).toBe(false);
  });

  it('gives an act of the old process to the old process after its pid came back', () => {
    const node = new Node();
    const init = startContainer(node);
    node.fork(init, ref(103));
    node.exec(ref(103), '/bin/sh');
    node.fork(ref(10), ref(103, 900));
    node.open(ref(103), '/late');
    expect(node.acts().at(-1)).toBe('c1: entrypoint /app>/bin/sh open /late');
  });

  it('counts child cgroups to the instance', () => {
    const node = new Node();
    const init = startContainer(node);
    node.fork(init, ref(103));
    node.attach(ref(103), c1Child);
    node.open(ref(103), '/a', { cgroup: c1Child });
    expect(node.acts().slice(1)).toEqual(['c1: entrypoint /app open /a']);
  });

  it('keeps a process that leaves its container, and tells of it', () => {
    const node = new Node();
    const init = startContainer(node);
    node.attach(init, plain);
    node.open(init, '/a', { cgroup: plain });
    expect(node.acts().slice(1)).toEqual([
      'c1: entrypoint /app privilege leave-cgroup',
      'c1: entrypoint /app open /a',
    ]);
  });

  it('does not call a late event of the cgroup of before a move', () => {
    const node = new Node();
    node.fork(ref(10), ref(100));
    node.attach(ref(100), c1);
    node.exec(ref(100), '/app', { cgroup: c1 });
    node.open(ref(100), '/late', { cgroup: host });
    expect(node.acts()).toEqual(['c1: entrypoint /app exec', 'c1: entrypoint /app open /late']);
  });

  it('takes each command of a unit that its manager starts for an entrypoint', () => {
    const node = new Node();
    node.exec(ref(1), '/usr/lib/systemd/systemd', { cgroup: host });
    for (const pid of [100, 101]) {
      node.fork(ref(1), ref(pid));
      node.attach(ref(pid), unit);
      node.exec(ref(pid), '/usr/lib/systemd/systemd-executor');
      node.exec(ref(pid), `/usr/bin/step-${pid}`);
    }
    expect(node.acts()).toEqual([
      '/system.slice/web.service: entrypoint /usr/bin/step-100 exec',
      '/system.slice/web.service: entrypoint /usr/bin/step-101 exec',
    ]);
  });

  it('sees a child that is born in another cgroup', () => {
    const node = new Node();
    node.exec(ref(1), '/usr/lib/systemd/systemd', { cgroup: host });
    node.fork(ref(1), ref(100));
    node.exec(ref(100), '/usr/bin/web', { cgroup: unit });
    expect(node.acts()).toEqual(['/system.slice/web.service: entrypoint /usr/bin/web exec']);
  });

  it('goes on with the program a process was when it is moved in and never executes', () => {
    const node = new Node();
    node.fork(ref(10), ref(100));
    node.exec(ref(100), '/usr/bin/server', { cgroup: host });
    node.attach(ref(100), plain);
    node.open(ref(100), '/set-up', { cgroup: plain });
    node.wait(3 * sec);
    node.open(ref(100), '/a', { cgroup: plain });
    expect(node.acts()).toEqual([
      '/demo/copy-1: entrypoint /usr/bin/server exec',
      '/demo/copy-1: entrypoint /usr/bin/server open /a',
    ]);
  });

  describe('for what was there before the agent', () => {
    const found = { found: true } as const;

    it('takes the oldest from outside for the entrypoint, whatever the order of the sweep', () => {
      const node = new Node();
      node.open(ref(102, 700), '/sock', { ...found, cgroup: c1 });
      node.exec(ref(101, 600), '/bin/worker', { ...found, cgroup: c1, parent: ref(200, 500) });
      node.exec(ref(102, 700), '/bin/sh', { ...found, cgroup: c1, parent: ref(10) });
      node.exec(ref(200, 500), '/app', { ...found, cgroup: c1, parent: ref(10) });
      node.settle();
      expect(node.acts()).toEqual([
        'c1: entrypoint /app exec',
        'c1: entrypoint /app>/bin/worker exec',
        'c1: found /bin/sh exec',
        'c1: found /bin/sh open /sock',
      ]);
      expect(node.out[0]).toMatchObject({ type: 'instance', state: 'found' });
    });

    it('takes a found copy of the parent for its fork, not for a second program', () => {
      const node = new Node();
      node.exec(ref(100), '/nginx', { ...found, cgroup: c1 });
      node.exec(ref(101), '/nginx', { ...found, cgroup: c1, parent: ref(100) });
      node.open(ref(101), '/index.html', { cgroup: c1 });
      expect(node.acts()).toEqual(['c1: entrypoint /nginx exec', 'c1: entrypoint /nginx open /index.html']);
    });

    it('does not tell again what a later sweep finds unchanged', () => {
      const node = new Node();
      const init = startContainer(node);
      node.exec(init, '/app', { ...found, cgroup: c1 });
      node.settle();
      expect(node.acts()).toEqual(['c1: entrypoint /app exec']);
    });

    it('counts acts of a process whose program nobody told', () => {
      const node = new Node({ watchingSince: 5_000 });
      node.exec(ref(200, 400), '/app', { ...found, cgroup: c1 });
      node.open(ref(102, 700), '/a', { cgroup: c1 });
      expect(node.acts()).toEqual(['c1: entrypoint /app exec']);
      expect(node.counters.get('unjudged.program-unknown')).toBe(1);
    });
  });

  it("passes over Whorl's own processes and what they start, though they share a cgroup", () => {
    const own = { trees: [{ pid: 500, start: 500_000 }], single: [{ pid: 400, start: 400_000 }] };
    const node = new Node({ own });
    node.fork(ref(1), ref(500, 500_003));
    node.fork(ref(500, 500_003), ref(501));
    node.exec(ref(501), '/sensor', { cgroup: plain });
    node.fork(ref(1), ref(400, 400_001));
    node.exec(ref(400, 400_001), '/whorl', { cgroup: plain });
    node.fork(ref(400, 400_001), ref(401));
    node.exec(ref(401), '/service', { cgroup: plain });
    expect(node.acts()).toEqual(['/demo/copy-1: entrypoint /service exec']);
  });

  it('starts a new copy when a cgroup fills again', () => {
    const node = new Node();
    for (const pid of [100, 101]) {
      node.fork(ref(10), ref(pid));
      node.attach(ref(pid), plain);
      node.exec(ref(pid), '/service');
      node.exit(ref(pid));
      node.wait(11 * sec);
      node.settle();
    }
    expect(node.out.map((o) => (o.type === 'instance' ? o.state : o.type))).toEqual([
      'started',
      'act',
      'exited',
      'started',
      'act',
      'exited',
    ]);
  });

  it('holds what an instance does until it is known, then gives it in order', () => {
    const counters = new Counters();
    const attribution = new Attribution({ counters });
    const events: Event[] = [
      { time: 1, process: ref(0), kind: 'cgroup', action: 'made', id: c1, path: container },
      { time: 2, process: ref(100), kind: 'attach', to: c1 },
      { time: 3, process: ref(100), kind: 'exec', exe: '/app', args: ['/app'] },
      { time: 4, process: ref(100), kind: 'open', path: '/a', access: 'read' },
    ];
    const early = events.flatMap((e) => attribution.observe(e));
    expect(early.map((i) => i.type)).toEqual(['instance']);
    const instance = attribution.instance('c1');
    if (instance === undefined) throw new Error('no instance');
    expect(
      attribution.identify(instance, workload).map((i) => (i.type === 'act' ? i.event.kind : i.type)),
    ).toEqual(['exec', 'open']);
    expect(attribution.observe({ time: 5, process: ref(100), kind: 'delete', path: '/a' })).toHaveLength(1);
  });

  it('tells of what waited which execution it was, whatever the process runs by then', () => {
    const node = new Node({}, 'later');
    const init = startContainer(node);
    node.open(init, '/app/script');
    node.exec(init, '/usr/bin/other');
    node.identify();
    const images = node.out.flatMap((item) => (item.type === 'act' ? [item.image?.exe] : []));
    expect(images).toEqual(['/app', '/app', '/usr/bin/other']);
  });

  it('counts what an instance did that nobody knows', () => {
    const counters = new Counters();
    const attribution = new Attribution({ counters });
    attribution.observe({
      time: 1,
      process: ref(0),
      kind: 'cgroup',
      action: 'made',
      id: c1,
      path: container,
    });
    attribution.observe({ time: 2, process: ref(100), kind: 'attach', to: c1 });
    attribution.observe({ time: 3, process: ref(100), kind: 'exec', exe: '/app', args: ['/app'] });
    const instance = attribution.instance('c1');
    if (instance === undefined) throw new Error('no instance');
    attribution.abandon(instance);
    attribution.observe({ time: 4, process: ref(100), kind: 'open', path: '/a', access: 'read' });
    expect(counters.get('unjudged.instance-unknown')).toBe(2);
  });

  it('marks a whole subtree, what is there and what comes', () => {
    const node = new Node();
    const init = startContainer(node);
    node.fork(init, ref(103));
    node.exec(ref(103), '/bin/sh');
    node.fork(ref(103), ref(104));
    const act = node.out.at(-1);
    if (act?.type !== 'act') throw new Error('no act');
    expect(node.attribution.mark(act.process, true)).toEqual(ref(103));
    node.fork(ref(104), ref(105));
    node.exec(ref(105), '/bin/nc');
    const last = node.out.at(-1);
    expect(last?.type === 'act' && last.process.culprit).toEqual(ref(103));
    expect(node.attribution.subtree(ref(103))).toEqual([ref(103), ref(104), ref(105)]);
  });

  describe('offline', () => {
    it('takes container refs for instances', () => {
      const node = new Node({ offline: true });
      const ctr = { id: 'web' };
      node.exec(ref(100), '/app', { container: ctr, parent: ref(7) });
      node.exec(ref(101), '/bin/ls', { container: ctr, parent: ref(100) });
      node.open(ref(101), '/etc', { container: ctr });
      expect(node.acts()).toEqual([
        'web: entrypoint /app exec',
        'web: entrypoint /app>/bin/ls exec',
        'web: entrypoint /app>/bin/ls open /etc',
      ]);
    });

    it('takes a recording without cgroups or containers for one copy', () => {
      const node = new Node({ offline: true });
      node.exec(ref(100), '/app');
      expect(node.acts()).toEqual(['recording: entrypoint /app exec']);
    });
  });
});

describe('a source whose clock runs ahead', () => {
  it('ends nothing that lasts: what it tells of the future counts as of now', () => {
    const node = new Node();
    node.attribution.believeUntil(100 * sec);
    const acts = node.attribution.observe({
      kind: 'exec',
      time: 1e15,
      process: { pid: 9, start: 1 },
      cgroup: c1,
      exe: '/x',
      args: ['x'],
    });
    expect(acts.map((a) => (a.type === 'act' ? a.event.time : a.type))).toEqual(['instance']);
    expect(node.counters.get('events.future')).toBe(1);
    expect(node.attribution.happened).toBe(100 * sec);
    node.attribution.passed(1e15);
    expect(node.attribution.happened).toBe(100 * sec);
  });
});

describe('a source that comes back with another boot time', () => {
  it('tells of the processes it told of before, each a little later or earlier', () => {
    const node = new Node();
    const before = { pid: 9, start: 5_000_000 };
    node.see({ kind: 'exec', process: before, cgroup: c1, exe: '/x', args: ['x'] } as Omit<Event, 'time'>);
    node.attribution.sourceRestarted();
    const after = { pid: 9, start: 5_007_000 };
    node.see({ kind: 'open', process: after, cgroup: c1, path: '/y', access: 'read' } as Omit<Event, 'time'>);
    expect(node.out.at(-1)).toMatchObject({ type: 'act', actor: { lineage: ['/x'] }, event: { path: '/y' } });
    // The next of that pid is another process all the same.
    node.see({
      kind: 'open',
      process: { pid: 9, start: 5_040_000 },
      cgroup: c1,
      path: '/z',
      access: 'read',
    } as Omit<Event, 'time'>);
    expect(node.out.at(-1)).toMatchObject({ event: { path: '/y' } });
  });
});
