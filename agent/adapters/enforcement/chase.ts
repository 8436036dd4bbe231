import { setTimeout as sleep, setImmediate as yieldToEvents } from 'node:timers/promises';
import type { StopRequest } from '../../ports.ts';
import { type CgroupFs, until } from '../linux/cgroup-fs.ts';
import { cgroupOf, listPids, type ProcessStat, threadsOf } from '../linux/process-proc.ts';
import type { Protection } from './protect.ts';
import { addRefs, extend, living, newSubtree, type Subtree } from './subtree.ts';

/** Thrown when the subtree reaches into what is never stopped. */
export class ProtectedError extends Error {}

/** The sources of a storm stop as they are moved, so a chase ends after a few rounds unless each process dies right
 *  after its fork: then it needs everybody to stand still for a moment. */
const roundsBeforePause = 4;
/** 64 rounds behind a storm that outruns us take about half a second; more would only put off the next stop. */
const maxRounds = 64;
/** How long a paused instance may keep its service waiting, and what the last fork events need to reach the agent. */
const pauseWithinMs = 100;
const lineageSettlesMs = 15;

/** Brings a culprit and everything that descends from it into one frozen cgroup. */
export class Chase {
  /** pid → the cgroup it was taken from, when that is not the instance's own. */
  readonly from: Record<string, string> = {};
  readonly #request: StopRequest;
  readonly #cgroups: CgroupFs;
  readonly #into: string;
  readonly #pauseMarker: string;
  readonly #protected: Protection;
  readonly #subtree: Subtree;
  readonly #caught = new Map<number, ProcessStat>();

  /**
   * @param into - frozen before anything is moved in: whoever arrives stops, and what it forks is born frozen.
   * @param pauseMarker - marks the moment in which the whole instance stands still, so that a crash in it is undone.
   */
  constructor(
    request: StopRequest,
    cgroups: CgroupFs,
    into: string,
    pauseMarker: string,
    isProtected: Protection,
  ) {
    this.#request = request;
    this.#cgroups = cgroups;
    this.#into = into;
    this.#pauseMarker = pauseMarker;
    this.#protected = isProtected;
    this.#subtree = newSubtree([request.culprit, ...request.subtree]);
  }

  /** Everybody caught so far, the dead included. */
  members(): readonly ProcessStat[] {
    return [...this.#caught.values()];
  }

  /**
   * Repeats until nobody new is found. May be run again later, to be sure.
   * @param everywhere - looks through all of /proc, also for descendants that left the instance's cgroup: slower.
   * @returns false when processes were still being born outside at the end.
   * @throws ProtectedError
   */
  async run(everywhere: boolean): Promise<boolean> {
    let paused = false;
    try {
      for (let round = 1; round <= maxRounds; round += 1) {
        const none = this.#round(everywhere);
        if (none && (this.#caught.size > 0 || !(await this.grows()))) return true;
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
    if (living(this.#subtree).length > 0) return true;
    const before = this.#subtree.members.size;
    await sleep(lineageSettlesMs);
    addRefs(this.#subtree, this.#request.subtree);
    return this.#subtree.members.size > before;
  }

  /** @returns true when nobody lives outside any more. */
  #round(everywhere: boolean): boolean {
    addRefs(this.#subtree, this.#request.subtree);
    for (const stat of living(this.#subtree)) this.#catch(stat);
    const inside = this.#cgroups.procs(this.#into);
    const outside = everywhere ? listPids() : this.#cgroups.procsBelow(this.#request.cgroupPath);
    extend(this.#subtree, [...inside, ...outside]);
    const arrived = new Set(inside);
    const left = living(this.#subtree).filter((stat) => {
      if (!arrived.has(stat.pid) && !(stat.leaderless && this.#threadsArrived(stat.pid))) return true;
      this.#caught.set(stat.pid, stat);
      return false;
    });
    return left.length === 0;
  }

  #threadsArrived(pid: number): boolean {
    const inside = new Set(this.#cgroups.threads(this.#into));
    return threadsOf(pid).every((tid) => tid === pid || inside.has(tid));
  }

  #catch(stat: ProcessStat): void {
    if (this.#caught.has(stat.pid)) return;
    const reason = this.#protected(stat.pid);
    if (reason !== undefined) throw new ProtectedError(`process ${stat.pid} is not stopped: ${reason}`);
    const origin = cgroupOf(stat.pid);
    if (origin !== this.#into && !this.#cgroups.move(stat.pid, this.#into)) return;
    if (origin !== undefined && origin !== this.#into && origin !== this.#request.cgroupPath) {
      this.from[String(stat.pid)] = origin;
    }
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
