import type { ProcessRef } from '../../fingerprint/event.ts';

/** /proc/<pid>/stat tells the start in clock ticks of 10 ms (USER_HZ is 100 on every Linux ABI); the kernel side in µs. */
const tickUs = 10_000;

/**
 * Which processes are Whorl's own, by (pid, start): never by cgroup, because without systemd every host process shares
 * `/`, and whoever shares a cgroup with the agent would be invisible.
 */
export interface OwnProcesses {
  /** Processes that count together with everything they start: the agent, the collector. */
  readonly trees: readonly ProcessRef[];
  /** Processes that count alone: `whorl up`, whose other children may be anybody. */
  readonly single: readonly ProcessRef[];
  /** Cgroup of the canaries: who enters it is watched, whoever started it. */
  readonly canary?: string;
}

export function isOwn(own: OwnProcesses, ref: ProcessRef): 'tree' | 'single' | 'no' {
  if (own.trees.some((o) => isSame(o, ref))) return 'tree';
  return own.single.some((o) => isSame(o, ref)) ? 'single' : 'no';
}

function isSame(own: ProcessRef, seen: ProcessRef): boolean {
  // A source that reckons from the clock may land in the tick beside it; no pid comes back so soon.
  return (
    own.pid === seen.pid && Math.abs(Math.floor(own.start / tickUs) - Math.floor(seen.start / tickUs)) <= 1
  );
}
