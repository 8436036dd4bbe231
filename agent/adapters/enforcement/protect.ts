import { ancestry, readStat } from '../linux/process-proc.ts';

/** Why this process is never stopped, whatever an order or a fingerprint says; undefined when it may be. */
export type Protection = (pid: number) => string | undefined;

/**
 * Protects what keeps the machine and its watcher alive: pid 1, kernel threads, the agent, what started it and what it
 * started. An attacker who makes the agent's own shell look foreign must not make the agent stop itself.
 * Made anew for each act, because ancestry changes when a parent dies.
 */
export function protection(self: number): Protection {
  const above = new Set(ancestry(self).map((stat) => stat.pid));
  // Parents already found to lead nowhere near the agent: a subtree shares them, and each look costs a system call.
  const foreign = new Set<number>();
  const startedByAgent = (pid: number): boolean => {
    const seen: number[] = [];
    for (let next = pid; next > 1 && !foreign.has(next) && seen.length < maxAncestors; ) {
      if (next === self) return true;
      seen.push(next);
      next = readStat(next)?.ppid ?? 0;
    }
    for (const passed of seen) foreign.add(passed);
    return false;
  };
  return (pid) => {
    if (pid === 1) return 'it is process 1 of the machine';
    if (above.has(pid)) return pid === self ? 'it is the agent itself' : 'the agent descends from it';
    if (readStat(pid)?.kernelThread === true) return 'it is a kernel thread';
    return startedByAgent(pid) ? 'the agent started it' : undefined;
  };
}
/** Only a bound against a loop in a racing /proc. */
const maxAncestors = 256;
