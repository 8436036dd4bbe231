import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../fingerprint/event.ts';
import { type FakeProcess, ProcTree } from '../test/fakes/proc-tree.ts';
import { procStateView } from './adapters/linux/state-view.ts';
import { Attribution } from './core/attribution.ts';
import { Counters } from './core/counters.ts';
import { StateSweep } from './state-sweep.ts';

const app = 60;
let tree: ProcTree;
let node: Node;

/** A node whose processes are files: attribution is told of some, the sweep finds the rest. */
class Node {
  readonly counters = new Counters();
  readonly attribution = new Attribution({
    counters: this.counters,
    own: { trees: [{ pid: 900, start: 900_000_000 }], single: [] },
  });
  readonly found: Event[] = [];
  readonly exes: Record<string, string> = {};
  behind = false;
  /** What happens between the two looks. */
  meanwhile: () => void = () => undefined;
  readonly sweep: StateSweep;
  #time = 1_000_000_000;

  constructor(view = procStateView(tree)) {
    const take = (event: Event): void => {
      this.found.push(event);
    };
    this.sweep = new StateSweep({
      view,
      attribution: this.attribution,
      found: (events) => {
        events.forEach(take);
        this.attribution.found(events);
      },
      foundUnknown: (event) => {
        take(event);
        this.attribution.foundUnknown(event);
      },
      isBehind: () => {
        if (this.counters.get('sweep.rounds') > 0) this.meanwhile();
        return this.behind;
      },
      counters: this.counters,
      now: () => this.#time,
      log: {
        info: () => undefined,
        warn: () => undefined,
        error: (fields) => expect(fields).toBe('no error'),
      },
      confirmMs: 0,
    });
    this.see({ kind: 'exec', process: refOf(1), exe: '/sbin/init', args: [] });
    this.see({ kind: 'cgroup', action: 'made', id: app, path: '/app', process: refOf(1) });
  }

  see(event: object): void {
    this.#time += 1_000;
    // One literal, one kind: the spread loses what the compiler knew of the union.
    this.attribution.observe({ time: this.#time, ...event } as Event);
  }

  /** The process runs, and its execution was told. */
  runs(pid: number, process: FakeProcess = {}): void {
    const { exe = '/bin/app' } = process;
    tree.put(pid, { ...process, exe: fileOf(exe) });
    this.see({ kind: 'attach', process: refOf(pid), to: app });
    this.see({ kind: 'exec', process: refOf(pid), cgroup: app, exe: fileOf(exe), args: [exe] });
  }

  /** A child of it that runs on as the same program. */
  forks(parent: number, pid: number, process: FakeProcess = {}): void {
    tree.put(pid, { ...process, parent, exe: fileOf(process.exe ?? '/bin/app') });
    this.see({ kind: 'fork', process: refOf(parent), child: refOf(pid) });
  }

  async sweeps(): Promise<readonly string[]> {
    const from = this.found.length;
    await this.sweep.once(new AbortController().signal);
    return this.found.slice(from).map(shown);
  }
}

const refOf = (pid: number) => ({ pid, start: pid * 1_000_000 + 123 });

/** Programs are real files, so that they have inodes. */
function fileOf(exe: string): string {
  const path = join(tree.dir, exe.replaceAll('/', '-'));
  if (!existsSync(path)) writeFileSync(path, '');
  return path;
}

function shown(event: Event): string {
  const who = `${event.process.pid} ${event.kind}`;
  switch (event.kind) {
    case 'load':
      return `${who} ${event.path} ${event.origin}`;
    case 'exec':
      return `${who} ${event.exe.slice(tree.dir.length)}`;
    case 'connect':
    case 'listen':
      return `${who} ${event.transport} ${event.address}:${event.port}`;
    case 'privilege':
      return `${who} ${event.privilege} ${event.detail}`;
    default:
      return who;
  }
}

beforeEach(() => {
  tree = new ProcTree();
  node = new Node();
});
afterEach(() => tree.remove());

describe('a sweep', () => {
  it('tells the code of each process once, and again only what is new', async () => {
    node.runs(10, { code: ['/usr/lib/a.so', '/tmp/b.so'] });
    expect(await node.sweeps()).toEqual(['10 load /usr/lib/a.so image', '10 load /tmp/b.so scratch']);
    expect(node.found.every((e) => e.found === true)).toBe(true);
    expect(await node.sweeps()).toEqual([]);
    tree.put(10, {
      exe: fileOf('/bin/app'),
      mapped: 8192,
      code: ['/usr/lib/a.so', '/tmp/b.so', '/tmp/c.so'],
    });
    expect(await node.sweeps()).toContain('10 load /tmp/c.so scratch');
  });

  it('reads everything every twentieth time: who maps as much as was unmapped is found late, not never', async () => {
    node.runs(10, { code: ['/usr/lib/a.so'] });
    await node.sweeps();
    tree.put(10, { exe: fileOf('/bin/app'), code: ['/tmp/b.so'] });
    const told: string[] = [];
    for (let i = 0; i < 20; i += 1) told.push(...(await node.sweeps()));
    expect(told).toEqual(['10 load /tmp/b.so scratch']);
  });

  it('says nothing of processes that nobody watches, that are ours, or dead', async () => {
    tree.put(20, { code: ['/tmp/b.so'] });
    node.see({ kind: 'exec', process: refOf(20), exe: '/bin/app', args: [] });
    tree.put(900, { code: ['/tmp/b.so'] });
    node.see({ kind: 'fork', process: refOf(1), child: { pid: 900, start: 900_000_000 } });
    node.runs(21, { code: ['/tmp/b.so'], state: 'Z' });
    expect(await node.sweeps()).toEqual([]);
  });

  it('tells all of it again when something else judges', async () => {
    node.runs(10, { code: ['/usr/lib/a.so'] });
    await node.sweeps();
    node.sweep.forget();
    expect(await node.sweeps()).toEqual(['10 load /usr/lib/a.so image']);
  });

  it('waits while what happened is still on its way', async () => {
    node.runs(10, { code: ['/usr/lib/a.so'] });
    node.behind = true;
    expect(await node.sweeps()).toEqual([]);
    expect(node.counters.get('sweep.postponed')).toBe(1);
  });
});

describe('an execution that was lost', () => {
  it('is found when it is still so at the second look', async () => {
    node.runs(10);
    await node.sweeps();
    tree.becomes(10, fileOf('/tmp/evil'));
    expect(await node.sweeps()).toEqual(['10 exec /-tmp-evil']);
    expect(node.attribution.alive(10, 1000)?.actor?.lineage).toHaveLength(2);
    expect(node.counters.get('sweep.lost-exec')).toBe(1);
    expect(await node.sweeps()).toEqual([]);
  });

  it('was none when it is told meanwhile', async () => {
    node.runs(10);
    await node.sweeps();
    tree.becomes(10, fileOf('/bin/next'));
    node.meanwhile = () =>
      node.see({ kind: 'exec', process: refOf(10), cgroup: app, exe: fileOf('/bin/next'), args: [] });
    expect(await node.sweeps()).toEqual([]);
  });

  it('was none when the file only has another name', async () => {
    node.runs(10);
    await node.sweeps();
    renameSync(fileOf('/bin/app'), join(tree.dir, 'app.old'));
    tree.becomes(10, join(tree.dir, 'app.old'));
    expect(await node.sweeps()).toEqual([]);
  });
});

describe('a process that nobody told of', () => {
  it('is found, below its parent, and is the one that later events name', async () => {
    node.runs(10);
    tree.put(11, { parent: 10, exe: fileOf('/tmp/evil') });
    expect(await node.sweeps()).toEqual(['11 cgroup', '11 exec /-tmp-evil']);
    const found = node.attribution.alive(11, 1100);
    expect(found?.actor?.lineage).toEqual([fileOf('/bin/app'), fileOf('/tmp/evil')]);
    node.see({ kind: 'exec', process: refOf(11), cgroup: app, exe: '/tmp/next', args: [] });
    expect(node.attribution.alive(11, 1100)).toBe(found);
    expect(found?.ref).toEqual(refOf(11));
    expect(found?.actor?.lineage).toHaveLength(3);
  });

  it('was none when its fork is told meanwhile', async () => {
    node.runs(10);
    tree.put(11, { parent: 10, exe: fileOf('/bin/app') });
    node.meanwhile = () => node.see({ kind: 'fork', process: refOf(10), child: refOf(11) });
    expect(await node.sweeps()).toEqual([]);
  });
});

describe('namespaces and root', () => {
  it('that differ from those of the first process are told once', async () => {
    node.runs(10);
    node.forks(10, 11, { namespaces: { mnt: 'mnt:[2]', net: 'net:[2]' }, root: '/srv/jail' });
    expect(await node.sweeps()).toEqual([
      '11 privilege unshare mnt',
      '11 privilege unshare net',
      '11 privilege chroot /srv/jail',
    ]);
    expect(await node.sweeps()).toEqual([]);
  });

  it('are told of the one who left, not of those it started there', async () => {
    node.runs(10);
    node.forks(10, 11, { namespaces: { net: 'net:[2]' } });
    node.forks(11, 12, { namespaces: { net: 'net:[2]' } });
    expect(await node.sweeps()).toEqual(['11 privilege unshare net']);
  });

  it('are no news when they were left in sight, also for a child', async () => {
    node.runs(10);
    node.see({
      kind: 'privilege',
      process: refOf(10),
      cgroup: app,
      privilege: 'unshare',
      detail: 'clone mnt,pid',
    });
    node.forks(10, 11, { namespaces: { mnt: 'mnt:[2]', pid: 'pid:[2]', uts: 'uts:[2]' } });
    expect(await node.sweeps()).toEqual(['11 privilege unshare uts']);
  });

  it('of the first process are its own: what it leaves later is told', async () => {
    node.runs(10, { namespaces: { uts: 'uts:[5]' } });
    expect(await node.sweeps()).toEqual([]);
    tree.put(10, { exe: fileOf('/bin/app'), namespaces: { uts: 'uts:[6]' } });
    expect(await node.sweeps()).toEqual(['10 privilege unshare uts']);
  });

  it('that are told meanwhile are no finding', async () => {
    node.runs(10);
    node.forks(10, 11, { root: '/srv/jail' });
    node.meanwhile = () =>
      node.see({
        kind: 'privilege',
        process: refOf(11),
        cgroup: app,
        privilege: 'chroot',
        detail: '/srv/jail',
      });
    expect(await node.sweeps()).toEqual([]);
  });
});

describe('sockets', () => {
  const tcp = (...inodes: readonly number[]): Record<string, string> => ({
    tcp: `head\n${inodes.map((inode, i) => `   ${i}: 00000000:${(80 + i).toString(16).padStart(4, '0')} 00000000:0000 0A 0:0 0:0 0 0 0 ${inode} 1`).join('\n')}\n`,
  });

  it('are told of the oldest process that holds them', async () => {
    node.runs(10, { sockets: [500], tables: tcp(500) });
    node.forks(10, 11, { sockets: [500, 501] });
    tree.put(10, { exe: fileOf('/bin/app'), sockets: [500], tables: tcp(500, 501) });
    expect(await node.sweeps()).toEqual(['10 listen tcp 0.0.0.0:80', '11 listen tcp 0.0.0.0:81']);
    expect(await node.sweeps()).toEqual([]);
  });

  it('that somebody else made and handed down are not theirs', async () => {
    tree.put(5, { sockets: [500] });
    node.see({ kind: 'exec', process: refOf(5), exe: '/sbin/init', args: [] });
    node.runs(10, { sockets: [500], tables: tcp(500) });
    expect(await node.sweeps()).toEqual([]);
  });

  it('that are gone at the second look are not told', async () => {
    node.runs(10, { sockets: [500], tables: tcp(500) });
    node.meanwhile = () => tree.put(10, { exe: fileOf('/bin/app'), sockets: [], tables: tcp() });
    expect(await node.sweeps()).toEqual([]);
  });
});

describe('a process that does not let itself be read', () => {
  it('puts off nobody but the reading of memory', async () => {
    const real = procStateView(tree);
    const stuck = Promise.withResolvers<undefined>();
    node = new Node({ ...real, memory: (pid) => (pid === 10 ? stuck.promise : real.memory(pid)) });
    node.runs(10, { code: ['/tmp/a.so'], root: '/' });
    node.runs(11, { code: ['/tmp/b.so'], root: '/srv/jail' });
    expect(await node.sweeps()).toEqual(['11 privilege chroot /srv/jail']);
    expect(node.counters.get('sweep.unreadable')).toBe(2);
    stuck.resolve(undefined);
    await stuck.promise;
    expect(await node.sweeps()).toContain('11 load /tmp/b.so scratch');
  });
});
