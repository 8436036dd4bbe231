import type { Event, ProcessRef } from '../../../../fingerprint/event.ts';
import type { Home, TetragonContainers } from './containers.ts';
import { executionOf } from './execution.ts';
import type { Process } from './messages.ts';
import type { TetragonProcesses, Tracked } from './processes.ts';

/** A process as a message tells it, and how: by its own event, by what was running before, or by something it did. */
export interface Met {
  readonly process: Process;
  readonly parent: Process | undefined;
  readonly time: number;
  readonly how: 'seen' | 'found' | 'late';
}

/** Tetragon reckons times of events and of executions from the same clock, each for itself. */
const slackUs = 20_000;

/**
 * What each process runs, given out once: its own event of it may come after what it does, or be lost, and of what ran
 * before us there is none. Every message describes its process whole, so any will do.
 */
export class TetragonImages {
  readonly #processes: TetragonProcesses;
  readonly #containers: TetragonContainers;
  #unreadable = 0;

  constructor(processes: TetragonProcesses, containers: TetragonContainers) {
    this.#processes = processes;
    this.#containers = containers;
  }

  /** Executions whose file Tetragon could not name. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /**
   * @param since when this connection began, µs since the epoch: what was executed earlier was found
   * @returns where it lives
   */
  meet(who: Tracked, met: Met, since: number, events: Event[]): Home {
    const { process, time } = met;
    const home = this.#homeOf(who, process, time, events);
    const at = this.#processes.idOf(process)?.at ?? 0;
    if (who.toldAt !== undefined && at <= who.toldAt) return home;
    const above = this.#processes.parentOf(process, met.parent);
    who.toldAt = at;
    if (isFork(process) && met.how !== 'found') forked(who, met, above, home, events);
    else {
      if (!isFork(process)) who.executedAt = at;
      this.#executed(who, met, { since, at, above, home }, events);
    }
    return home;
  }

  #executed(
    who: Tracked,
    { process, time, how }: Met,
    { since, at, above, home }: Circumstances,
    events: Event[],
  ): void {
    const isLoaded = who.next !== undefined && who.next.at <= at + slackUs;
    const facts = executionOf(process, isLoaded ? who.next?.exe : undefined, who.exe ?? above?.exe);
    if (isLoaded) who.next = undefined;
    who.exe = facts?.exe;
    if (facts === undefined) {
      this.#unreadable += 1;
      return;
    }
    const began = process.start_time ?? time;
    const found = how === 'found' || (how === 'late' && began < since);
    events.push({
      time: how === 'late' && !found ? began : time,
      process: who.ref,
      ...parentOf(above),
      ...home,
      ...(found ? { found: true } : {}),
      ...facts,
    });
  }

  /** Sticks to the execution: what is said of it once holds for all that it does. */
  #homeOf(who: Tracked, process: Process, time: number, events: Event[]): Home {
    const id = Buffer.from(process.exec_id ?? '', 'latin1');
    const { id: known } = who;
    if (known.cgroup !== 0 && id.length > 0 && id.equals(known.bytes)) return { cgroup: known.cgroup };
    const home = this.#containers.homeOf(process, time, events);
    if (id.length > 0) {
      known.bytes = id;
      known.cgroup = home.cgroup ?? 0;
    }
    return home;
  }
}

interface Circumstances {
  readonly since: number;
  /** The execution, µs since boot. */
  readonly at: number;
  readonly above: Tracked | undefined;
  readonly home: Home;
}

/** It runs what its parent runs. */
function isFork({ flags }: Process): boolean {
  return !/\b(?:execve(?:at)?|procFS)\b/.test(flags ?? '');
}

function forked(
  who: Tracked,
  { process, time }: Met,
  above: Tracked | undefined,
  home: Home,
  events: Event[],
): void {
  if (above === undefined) return;
  who.exe ??= above.exe;
  // A fork is where its parent is.
  events.push({
    time: process.start_time ?? time,
    process: above.ref,
    ...home,
    kind: 'fork',
    child: who.ref,
  });
}

function parentOf(above: Tracked | undefined): { readonly parent?: ProcessRef } {
  return above === undefined ? {} : { parent: above.ref };
}
