import { setTimeout as sleep, setImmediate as yieldToEvents } from 'node:timers/promises';
import type { StopRequest } from '../../ports/enforcer.ts';
import { type CgroupFs, until } from '../linux/cgroup-fs.ts';
import { listPids, type ProcessStat, readAlive, startOf } from '../linux/process-proc.ts';
import type { Protection } from './protect.ts';
import { addRefs, extend, living, newSubtree, type Subtree } from './subtree.ts';

/** Thrown when the subtree reaches into what is never stopped. */
export class ProtectedError extends Error {}

/**
 * Members stop as they are found, so a chase ends after a few rounds unless each process dies right after its fork:
 * then it needs everybody to stand still for a moment.
 */
const roundsBeforePause = 4;
/** 64 rounds behind a storm that outruns us take about half a second; more would only put off the next stop. */
const maxRounds = 64;
/** How long a paused instance may keep its service waiting, and what the last fork events need to reach the agent. */
const pauseWithinMs = 100;
const lineageSettlesMs = 15;

/**
 * Finds a culprit and everything that descends from it, and stops each with SIGSTOP as it is found: within
 * microseconds, where moving into a frozen cgroup was measured to wait 6–28 ms for an RCU grace period. A signal that
 * is on its way also aborts a fork under way. SIGCONT undoes it, so it only bridges the moments to the real stop.
 */
export class Chase {
  readonly #request: StopRequest;
  readonly #cgroups: CgroupFs;
  readonly #pauseMarker: string;
  readonly #protected: Protection;
  readonly #subtree: Subtree;
  readonly #caught = new Map<number, ProcessStat>();

  /** @param pauseMarker - marks the moment in which the whole instance stands still, so that a crash in it is undone. */
  constructor(request: StopRequest, cgroups: CgroupFs, pauseMarker: string, isProtected: Protection) {
    this.#request = request;
    this.#cgroups = cgroups;
    this.#pauseMarker = pauseMarker;
    this.#protected = isProtected;
    this.#subtree = newSubtree([request.culprit, ...request.subtree]);
  }

  /** Everybody caught so far, as they were then, the dead included. */
  members(): readonly ProcessStat[] {
    return [...this.#caught.values()];
  }

  /** Those caught who live, checked again now. */
  alive(): readonly ProcessStat[] {
    return this.members().filter((m) => readAlive({ pid: m.pid, start: startOf(m) }) !== undefined);
  }

  /**
   * Stops at once whom the request names: before anything is looked for, while a culprit runs.
   * @returns whether there was anybody.
   * @throws ProtectedError
   */
  strike(): boolean {
    addRefs(this.#subtree, this.#request.subtree);
    for (const stat of this.#atLarge()) this.#catch(stat);
    return this.#caught.size > 0;
  }

  /**
   * Repeats until nobody new is found. May be run again later, to be sure.
   * @param everywhere - looks through all of /proc, also for descendants that left the instance's cgroup: slower.
   * @returns false when processes were still being born at the end.
   * @throws ProtectedError
   */
  async run(everywhere: boolean): Promise<boolean> {
    let paused = false;
    try {
      for (let round = 1; round <= maxRounds; round += 1) {
        const before = this.#subtree.members.size;
        const none = this.#round(everywhere);
        const quiet = this.#subtree.members.size === before;
        if (none && (this.#caught.size > 0 ? quiet : !(await this.grows()))) return true;
        if (round === roundsBeforePause) paused = await this.#pause();
        // The storm is faster than one pass: let its fork events in, by which the request's subtree grows.
        else if (round > 1) await yieldToEvents();
      }
      return false;
    } finally {
      if (paused) this.#unpause();
    }
  }

  /**
   * Whether anybody lives or is still being born. Nobody alive may mean that it is over, or that each process lives
   * only for the fork of the next and died before we looked: then the source goes on telling of new ones.
   */
  async grows(): Promise<boolean> {
    return living(this.#subtree).length > 0 || !(await this.settled());
  }

  /** Whether no descendant is told of for as long as the last fork events need. */
  async settled(): Promise<boolean> {
    const before = this.#subtree.members.size;
    await sleep(lineageSettlesMs);
    addRefs(this.#subtree, this.#request.subtree);
    return this.#subtree.members.size === before;
  }

  /** Whether there ever was more than the culprit. */
  hasDescendants(): boolean {
    return this.#subtree.members.size > 1;
  }

  /** Takes the SIGSTOP back, from those who did not stand still of themselves. */
  wake(): void {
    for (const member of this.alive()) if (!member.stopped) signal(member, 'SIGCONT');
  }

  kill(): void {
    for (const member of this.alive()) signal(member, 'SIGKILL');
  }

  /** @returns true when nobody is at large any more. */
  #round(everywhere: boolean): boolean {
    this.strike();
    extend(this.#subtree, everywhere ? listPids() : this.#cgroups.procsBelow(this.#request.cgroupPath));
    return this.#atLarge().length === 0;
  }

  #atLarge(): ProcessStat[] {
    return living(this.#subtree).filter((stat) => this.#caught.get(stat.pid)?.startTicks !== stat.startTicks);
  }

  #catch(stat: ProcessStat): void {
    const reason = this.#protected(stat.pid, stat);
    if (reason !== undefined) throw new ProtectedError(`process ${stat.pid} is not stopped: ${reason}`);
    signal(stat, 'SIGSTOP');
    this.#caught.set(stat.pid, stat);
  }

  async #pause(): Promise<boolean> {
    const { cgroupPath, exclusive } = this.#request;
    // Frozen already, by a freeze of ours or by `ctr pause`: then it stands still, and it is not for us to thaw it.
    if (!exclusive || this.#cgroups.state(cgroupPath).frozen) return false;
    this.#cgroups.make(this.#pauseMarker);
    this.#cgroups.freeze(cgroupPath, true);
    await until(() => this.#cgroups.state(cgroupPath).frozen, pauseWithinMs);
    await sleep(lineageSettlesMs);
    return true;
  }

  #unpause(): void {
    if (this.#cgroups.exists(this.#request.cgroupPath)) this.#cgroups.freeze(this.#request.cgroupPath, false);
    this.#cgroups.remove(this.#pauseMarker);
  }
}

function signal(target: ProcessStat, name: NodeJS.Signals): void {
  try {
    process.kill(target.pid, name);
  } catch {
    // Dead between the look and the signal: nothing is left to stop.
  }
}
