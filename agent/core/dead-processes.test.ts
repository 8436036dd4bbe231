import { describe, expect, it } from 'vitest';
import type { Event, EventOf, ProcessRef } from '../../fingerprint/event.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import type { AttributedAct } from './attributed.ts';
import { Attribution } from './attribution.ts';
import { Counters } from './counters.ts';
import type { InstanceRecord } from './instances.ts';

const cgroup = 2;
const workload: Workload = { kind: 'image', subject: { name: 'shop', digest: 'sha256:1' } } as never;
const ref = (pid: number): ProcessRef => ({ pid, start: pid * 1_000 });

/** A copy whose server has pid 10; the dead are packed at once. */
class Copy {
  readonly attribution = new Attribution({ counters: new Counters(), unpacked: 0 });
  readonly instance: InstanceRecord;
  #time = 1;

  constructor() {
    this.#tell({ kind: 'cgroup', action: 'found', id: cgroup, path: '/k8s.io/c1' }, ref(1));
    this.runs(10, ['server']);
    const instance = this.attribution.copyIn(cgroup, this.#time);
    if (instance === undefined) throw new Error('it has not begun');
    this.instance = instance;
    this.identify();
  }

  identify(probes?: readonly (readonly string[])[]): void {
    if (probes !== undefined) this.instance.container = { id: this.instance.id, probes };
    this.attribution.identify(this.instance, workload);
  }

  runs(pid: number, args: readonly string[], parent?: ProcessRef): void {
    this.#tell(
      { kind: 'exec', exe: `/bin/${args[0]}`, args, cgroup, ...(parent && { parent }) } as EventOf<'exec'>,
      ref(pid),
    );
  }

  /** A helper of the server that is packed when this returns. */
  helper(pid: number, args: readonly string[], parent = 10): void {
    this.#tell({ kind: 'fork', child: ref(pid), cgroup }, ref(parent));
    this.runs(pid, args);
    this.exits(pid);
  }

  forks(pid: number, parent: number): void {
    this.#tell({ kind: 'fork', child: ref(pid), cgroup }, ref(parent));
  }

  passes(seconds: number): void {
    this.#time += seconds * 1_000_000;
  }

  exits(pid: number): void {
    this.#tell({ kind: 'exit', code: 0 }, ref(pid));
    this.opens(10);
  }

  opens(pid: number): AttributedAct | undefined {
    const items = this.#tell({ kind: 'open', path: '/x', access: 'read', cgroup }, ref(pid));
    return items.find((item): item is AttributedAct => item.type === 'act');
  }

  #tell(facts: object, process: ProcessRef): ReturnType<Attribution['observe']> {
    this.#time += 1;
    return this.attribution.observe({ ...facts, process, time: this.#time } as Event);
  }
}

describe('a process that died a while ago', () => {
  it('is who it was for what is told of it late', () => {
    const copy = new Copy();
    copy.helper(11, ['convert', 'a']);
    copy.helper(12, ['convert', 'b']);
    copy.helper(13, ['convert', 'b']);
    for (const [pid, arg] of [
      [11, 'a'],
      [12, 'b'],
      [13, 'b'],
    ] as const) {
      const late = copy.opens(pid);
      expect(late?.actor.lineage).toEqual(['/bin/server', '/bin/convert']);
      expect(late?.image?.args).toEqual(['convert', arg]);
      expect(late?.process).toMatchObject({ ref: ref(pid), parent: { ref: ref(10) } });
    }
    expect(copy.instance.live).toBe(1);
  });

  it('is an intruder too when its parent turns out to be one', () => {
    const copy = new Copy();
    copy.helper(11, ['convert']);
    const server = copy.opens(10);
    if (server !== undefined) copy.attribution.mark(server.process, true);
    expect(copy.opens(11)?.process).toMatchObject({ culprit: ref(10), outside: true });
    copy.helper(12, ['convert']);
    expect(copy.opens(12)?.process).toMatchObject({ culprit: ref(10), outside: true });
  });

  it('is not taken for one of its kind that was an intruder', () => {
    const copy = new Copy();
    copy.helper(11, ['convert']);
    const late = copy.opens(11);
    if (late !== undefined) copy.attribution.mark(late.process, true);
    copy.helper(12, ['convert']);
    copy.helper(13, ['convert']);
    expect(copy.opens(12)?.process).toMatchObject({ culprit: undefined, outside: false });
    expect(copy.opens(11)?.process).toMatchObject({ culprit: ref(11), outside: true });
  });

  it('has the culprit it had, and no other of its kind has it', () => {
    const copy = new Copy();
    copy.forks(11, 10);
    copy.runs(11, ['convert']);
    const act = copy.opens(11);
    if (act !== undefined) copy.attribution.mark(act.process, false);
    copy.exits(11);
    copy.helper(12, ['convert']);
    expect(copy.opens(12)?.process.culprit).toBeUndefined();
    expect(copy.opens(11)?.process.culprit).toEqual(ref(11));
  });

  it('is the child of its grandparent once its parent, dead before it, is forgotten', () => {
    const copy = new Copy();
    copy.forks(11, 10);
    copy.runs(11, ['make']);
    copy.forks(12, 11);
    copy.runs(12, ['convert']);
    copy.exits(11);
    copy.passes(20);
    copy.exits(12);
    copy.passes(11);
    copy.opens(10);
    expect(copy.opens(12)?.process.parent?.ref).toEqual(ref(10));
  });

  it('was a probe when the probes are told later', () => {
    const copy = new Copy();
    copy.runs(20, ['check', '-x'], ref(3));
    copy.exits(20);
    copy.identify([['check', '-x']]);
    expect(copy.opens(20)?.actor.root).toBe('probe');
  });

  it('is nobody that lives when its pid is told of anew', () => {
    const copy = new Copy();
    copy.helper(11, ['convert']);
    expect(copy.attribution.alive(11, 1)).toBeUndefined();
    expect(copy.attribution.subtree(ref(10))).toEqual([ref(10)]);
  });
});
