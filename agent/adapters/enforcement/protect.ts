import {
  ancestry,
  maxAncestors,
  type ProcessStat,
  readAlive,
  readStat,
  startOf,
} from '../linux/process-proc.ts';

/**
 * Why this process is never stopped, whatever an order or a fingerprint says; undefined when it may be.
 * @param seen - what was read of it just now: each read saved is time in which a culprit does not run on.
 */
export type Protection = (pid: number, seen?: ProcessStat) => string | undefined;

/**
 * Protects what keeps the machine and its watcher alive: pid 1, kernel threads, the agent, what started it and what it
 * started. An attacker who makes the agent's own shell look foreign must not make the agent stop itself.
 * The agent's ancestors are read once: they can only become fewer, and their start times tell a reused pid.
 */
export function protection(self: number): Protection {
  const above = new Map(ancestry(self).map((stat) => [stat.pid, { pid: stat.pid, start: startOf(stat) }]));
  return (pid, seen = readStat(pid)) => {
    if (pid === 1) return 'it is process 1 of the machine';
    const ancestor = above.get(pid);
    if (ancestor !== undefined && readAlive(ancestor) !== undefined) {
      return pid === self ? 'it is the agent itself' : 'the agent descends from it';
    }
    if (seen?.kernelThread === true) return 'it is a kernel thread';
    return seen !== undefined && descends(seen, self) ? 'the agent started it' : undefined;
  };
}

/** Upwards no further than needed: each process on the way is read before the culprit is stopped. */
function descends({ ppid }: ProcessStat, ancestor: number): boolean {
  let parent = ppid;
  for (let depth = 0; parent > 0 && depth < maxAncestors; depth += 1) {
    if (parent === ancestor) return true;
    // Everybody descends from it, and it from nobody.
    if (parent === 1) return false;
    parent = readStat(parent)?.ppid ?? 0;
  }
  return false;
}
