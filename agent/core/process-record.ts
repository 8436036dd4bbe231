import type { Actor } from '../../fingerprint/behaviour.ts';
import type { EventOf, ProcessRef } from '../../fingerprint/event.ts';
import type { InstanceRecord } from './instances.ts';

/** One process, named by (pid, start). Attribution and the watch write to it; the table keeps kinship and life. */
export interface ProcessRecord {
  /**
   * Of one that a sweep found first, or another connection of the source told, the start is known to the clock tick, until
   * an event names it exactly.
   */
  ref: ProcessRef;
  isRounded: boolean;
  /** Our own link, made at fork: re-parenting in the kernel does not change who started whom. */
  parent: ProcessRecord | undefined;
  /** Most never have any: changed by the table alone. */
  children: ReadonlySet<ProcessRecord>;
  /** Children besides, dead and packed (dead-processes.ts): changed there alone. */
  packed: number;
  /** Belongs to Whorl itself; `tree` passes on to what it starts. */
  own: 'tree' | 'single' | 'no';
  /** The execution whose image runs, its own or the one it was forked with, also outside any instance. */
  image: EventOf<'exec'> | undefined;
  cgroup: number | undefined;
  /** The cgroup above is the parent's, no event of its own has told yet (clone3 may start a child elsewhere). */
  cgroupInherited: boolean;
  instance: InstanceRecord | undefined;
  root: Actor['root'] | undefined;
  /** The execution by which its tree began inside, shared by all of it; of what was found nobody knows it. */
  entrance: EventOf<'exec'> | undefined;
  /** The program inside its instance; undefined until it executed there. */
  actor: Actor | undefined;
  /** How many leading programs of the lineage were concluded from what was found, not seen. */
  assumed: number;
  enteredAt: number;
  /** The runtime executed itself again after it had entered. */
  runtimeAgain: boolean;
  /** Set by the watch: the topmost process whose execution drifted that this one descends from, or is. */
  culprit: ProcessRef | undefined;
  /** It runs below a program that is not in the fingerprint: nothing it does is judged, all of it is evidence. */
  outside: boolean;
  /** Namespaces and root that its program, or one it was forked from, left in everybody's sight (sweep/moved.ts). */
  moved: ReadonlySet<string> | undefined;
  exitedAt: number | undefined;
  /** An earlier process of the same pid, kept for its late events. */
  older: ProcessRecord | undefined;
}

/** A process seen for the first time: what its parent is, it is until it executes. */
export function newRecord(ref: ProcessRef, parent: ProcessRecord | undefined): ProcessRecord {
  return {
    ref,
    isRounded: false,
    parent,
    children: none,
    packed: 0,
    own: parent?.own === 'tree' ? 'tree' : 'no',
    image: parent?.image,
    cgroup: parent?.cgroup,
    cgroupInherited: true,
    instance: undefined,
    root: parent?.root,
    entrance: parent?.entrance,
    actor: parent?.actor,
    assumed: parent?.assumed ?? 0,
    enteredAt: parent?.enteredAt ?? 0,
    runtimeAgain: parent?.runtimeAgain ?? false,
    culprit: parent?.culprit,
    outside: parent?.outside ?? false,
    moved: parent?.moved,
    exitedAt: undefined,
    older: undefined,
  };
}

/** Of most processes. */
export const none: ReadonlySet<ProcessRecord> = new Set();

export function addChild(parent: ProcessRecord | undefined, child: ProcessRecord): void {
  if (parent === undefined) return;
  if (parent.children === none) parent.children = new Set([child]);
  else (parent.children as Set<ProcessRecord>).add(child);
}

export function removeChild(parent: ProcessRecord | undefined, child: ProcessRecord): void {
  if (parent !== undefined && parent.children !== none) (parent.children as Set<ProcessRecord>).delete(child);
}

/** Kinship told in an impossible order must not make a circle. */
export function descends(record: ProcessRecord, ancestor: ProcessRecord): boolean {
  for (let at: ProcessRecord | undefined = record; at !== undefined; at = at.parent)
    if (at === ancestor) return true;
  return false;
}
