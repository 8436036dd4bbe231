import type { ProcessRef } from '../../../fingerprint/event.ts';
import { isSame, type ProcessStat, readStat, startOf } from '../linux/process-proc.ts';

/** The members of a drifting subtree, found so far. Grows only; the dead stay, because a session may still name them. */
export interface Subtree {
  readonly members: Map<number, ProcessRef>;
}

export function newSubtree(refs: Iterable<ProcessRef>): Subtree {
  const subtree: Subtree = { members: new Map() };
  addRefs(subtree, refs);
  return subtree;
}

/** Takes in processes whose descent somebody else saw happen; a pid that was reused meanwhile names its newest owner. */
export function addRefs(subtree: Subtree, refs: Iterable<ProcessRef>): void {
  for (const ref of refs) {
    const known = subtree.members.get(ref.pid);
    if (known === undefined || known.start < ref.start) subtree.members.set(ref.pid, ref);
  }
}

/** @returns the members that live now, with what the kernel says of each. A reused pid is not among them. */
export function living(subtree: Subtree): ProcessStat[] {
  return [...subtree.members.values()].flatMap((ref) => {
    const stat = readStat(ref.pid);
    return stat !== undefined && isSame(ref, stat) && !stat.zombie ? [stat] : [];
  });
}

/**
 * Adds every process among `candidates` that descends from a member: by its parent, or by a session that a member
 * opened (a double fork loses its parent, but a session's number is not reused while anybody is in it).
 */
export function extend(subtree: Subtree, candidates: readonly number[]): void {
  const stats = candidates.flatMap((pid) => readStat(pid) ?? []).filter((stat) => !isMember(subtree, stat));
  for (let found = true; found; ) {
    found = false;
    for (const stat of stats) {
      if (isMember(subtree, stat) || !descends(subtree, stat)) continue;
      addRefs(subtree, [{ pid: stat.pid, start: startOf(stat) }]);
      found = true;
    }
  }
}

function isMember(subtree: Subtree, stat: ProcessStat): boolean {
  const ref = subtree.members.get(stat.pid);
  return ref !== undefined && isSame(ref, stat);
}

/** A parent or session leader that is younger than the process is not the one we know: its pid was reused. */
function descends(subtree: Subtree, stat: ProcessStat): boolean {
  const known = (pid: number): ProcessRef | undefined => {
    const ref = subtree.members.get(pid);
    return ref !== undefined && ref.start <= startOf(stat) + oneTick ? ref : undefined;
  };
  const leader = stat.session === stat.pid ? undefined : known(stat.session);
  if (leader !== undefined && isSameOrGone(leader)) return true;
  const parent = known(stat.ppid);
  const now = parent === undefined ? undefined : readStat(stat.ppid);
  return parent !== undefined && now !== undefined && isSame(parent, now);
}
/** Start times are read to the tick of 10 ms: parent and child may well share one. */
const oneTick = 10_000;

function isSameOrGone(ref: ProcessRef): boolean {
  const now = readStat(ref.pid);
  return now === undefined || isSame(ref, now);
}
