import type { ProcessRef } from '../../../../fingerprint/event.ts';
import type { NodeView } from '../node-view.ts';
import type { StartClock } from '../start-clock.ts';

/** A process that lives, as far as Falco told. */
export interface LiveProcess {
  readonly ref: ProcessRef;
  /** Start of its main thread as Falco told it, µs since the epoch; until it does, of the thread that showed first. */
  told: number;
  /** That is the main thread's. */
  exact: boolean;
  /** Its birth, its execution or its first act was told. */
  met: boolean;
  /** It executed inside its container, or descends from one that did. */
  inside: boolean;
  /** Its container as events call it, and where that lives; empty and 0 for none. */
  container: string;
  cgroup: number;
  /** What its last alert that was read in full said of its container, byte for byte: for the look at records. */
  where: Uint8Array | undefined;
  /** µs since the epoch; 0 while it lives. */
  endedAt: number;
}

/** Linux's classic pid_max. */
const maxProcesses = 32_768;
/** An alert of a thread, or of a child's birth, may come after the end of its process. */
const graceUs = 30_000_000;
const tickUs = 10_000;
/** A new task waits for a processor before Falco sees it; a node that is starved makes it wait this long. */
const longestWaitUs = 2_000_000;

/**
 * Which process an alert is about, while it happens. Falco writes the start of the *thread* that acted (or forked); the
 * process began with its main thread. What that is said once to be stays so while the process lives.
 */
export class LiveProcesses {
  readonly #view: NodeView;
  readonly #clock: StartClock;
  readonly #byPid = new Map<number, LiveProcess>();
  readonly #ended: LiveProcess[] = [];

  constructor(view: NodeView, clock: StartClock) {
    this.#view = view;
    this.#clock = clock;
  }

  get size(): number {
    return this.#byPid.size;
  }

  /** The process of that thread if it is known already. @param told µs since the epoch */
  known(pid: number, isMain: boolean, told: number): LiveProcess | undefined {
    const known = this.#byPid.get(pid);
    if (known === undefined) return undefined;
    if (isMain) return known.exact && known.told === told ? known : undefined;
    return known.told <= told ? known : undefined;
  }

  /** The process of that thread. */
  of(pid: number, isMain: boolean, told: number): LiveProcess {
    const known = this.known(pid, isMain, told);
    if (known !== undefined) return known;
    const before = this.#byPid.get(pid);
    // Until now only its threads had shown: they began after it.
    if (isMain && before !== undefined && !before.exact && told <= before.told) {
      before.told = told;
      before.exact = true;
      return before;
    }
    return this.#add(pid, isMain, told);
  }

  end(process: LiveProcess, time: number): void {
    if (process.endedAt !== 0) return;
    process.endedAt = time;
    this.#ended.push(process);
    this.#forget(time - graceUs);
  }

  #add(pid: number, isMain: boolean, told: number): LiveProcess {
    if (this.#byPid.size >= maxProcesses) this.#forgetOne();
    const fresh: LiveProcess = {
      ref: { pid, start: this.#startOf(pid, isMain, told) },
      told,
      exact: isMain,
      met: false,
      inside: false,
      container: '',
      cgroup: 0,
      where: undefined,
      endedAt: 0,
    };
    // Last in the table's order: what showed long ago is forgotten first.
    this.#byPid.delete(pid);
    this.#byPid.set(pid, fresh);
    return fresh;
  }

  /**
   * Falco takes for the start of a process when its main thread first came back from the kernel, which may be clock ticks
   * after what /proc shows; whoever stops it goes by /proc.
   */
  #startOf(pid: number, isMain: boolean, told: number): number {
    // A thread's start says nothing of how far Falco's clock is from ours.
    const start = this.#clock.startOf(isMain ? pid : 0, told);
    const ticks = this.#view.startTicks(pid);
    if (ticks === undefined) return start;
    const shown = ticks * tickUs;
    if (!isMain) return shown <= start + tickUs ? shown : start;
    const apart = start - shown;
    return apart >= 2 * tickUs && apart < longestWaitUs ? shown : start;
  }

  #forget(until: number): void {
    while (this.#ended[0] !== undefined && this.#ended[0].endedAt <= until) this.#drop(this.#ended.shift());
  }

  /** The dead first; of the living whoever was met first, it will be met again. */
  #forgetOne(): void {
    this.#drop(this.#ended.shift() ?? this.#byPid.values().next().value);
  }

  #drop(process: LiveProcess | undefined): void {
    if (process !== undefined && this.#byPid.get(process.ref.pid) === process)
      this.#byPid.delete(process.ref.pid);
  }
}
