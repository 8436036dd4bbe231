import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessGlance } from './ports/state-view.ts';
import type { Log } from './ports.ts';
import { Belongings } from './state-sweep/belongings.ts';
import { isWatched, type Member, oldestFirst, type SweepWorld } from './state-sweep/member.ts';
import { Pause } from './state-sweep/pause.ts';
import { Places } from './state-sweep/places.ts';
import { Programs } from './state-sweep/programs.ts';
import { Sockets } from './state-sweep/sockets.ts';

/** Between a look and the second: what happened just before the first has been told by then, and is no finding. */
const confirmMs = 2_000;
/** A source that loses events again and again must not keep the agent sweeping. */
const restMs = 5_000;

export interface StateSweepOptions extends SweepWorld {
  /** What happened is still on its way here: it would be found, and then told. */
  readonly isBehind: () => boolean;
  readonly log: Log;
  readonly confirmMs?: number;
}

/**
 * Looks at what is, beside what happens: programs, their code, sockets, namespaces and roots of all watched processes
 * (DESIGN §4). What differs from what was told is given on as events marked `found`, and judged like any other.
 */
export class StateSweep {
  readonly #options: StateSweepOptions;
  readonly #programs: Programs;
  readonly #belongings: Belongings;
  readonly #sockets: Sockets;
  #wanted = Promise.withResolvers<void>();

  constructor(options: StateSweepOptions) {
    this.#options = options;
    this.#programs = new Programs(options);
    this.#belongings = new Belongings(options);
    this.#sockets = new Sockets(options);
  }

  /** At once, after each gap and every `periodMs`, until the signal aborts. */
  async run(periodMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wanted = Promise.withResolvers();
      await this.once(signal).catch((err: unknown) => this.#failed(err));
      const rest = Math.min(restMs, periodMs);
      await pauseOf(rest, signal);
      await Promise.race([this.#wanted.promise, pauseOf(periodMs - rest, signal)]);
    }
  }

  /** Something may have been missed. */
  request(): void {
    this.#wanted.resolve();
  }

  /** Something else judges: what was found is judged again. */
  forget(): void {
    this.#programs.forget();
    this.#belongings.forget();
    this.#sockets.forget();
    this.request();
  }

  async once(signal: AbortSignal): Promise<void> {
    const { counters, isBehind, view } = this.#options;
    if (isBehind()) {
      counters.add('sweep.postponed');
      this.request();
      return;
    }
    const pause = new Pause();
    this.#programs.begin();
    const { everybody, members } = await this.#members(pause);
    const places = new Places(view);
    for (const member of members) {
      await this.#programs.look(member, places);
      await pause.now();
    }
    this.#belongings.compare(members);
    await this.#sockets.look(members, pause);
    counters.add('sweep.rounds');
    counters.set('sweep.processes', members.length);
    if (!this.#programs.hasDoubts && !this.#belongings.hasDoubts && !this.#sockets.hasDoubts) return;
    await pauseOf(this.#options.confirmMs ?? confirmMs, signal);
    if (signal.aborted) return;
    if (isBehind()) {
      this.request();
      return;
    }
    const told =
      (await this.#programs.confirm(places)) +
      this.#belongings.confirm() +
      (await this.#sockets.confirm(everybody, pause));
    if (told > 0) counters.add('sweep.told', told);
  }

  async #members(pause: Pause): Promise<{ everybody: readonly ProcessGlance[]; members: readonly Member[] }> {
    const { view, attribution } = this.#options;
    const everybody: ProcessGlance[] = [];
    for (const pid of view.pids()) {
      const glance = view.glance(pid);
      if (glance !== undefined) everybody.push(glance);
      await pause.now();
    }
    const members: Member[] = [];
    for (const glance of everybody.sort(oldestFirst)) {
      const record = attribution.alive(glance.pid, glance.startTicks);
      if (record === undefined) this.#programs.doubtUnknown(glance);
      if (record === undefined || !isWatched(record)) continue;
      const seen = view.view(glance.pid);
      if (seen !== undefined) members.push({ glance, record, view: seen });
      await pause.now();
    }
    return { everybody, members };
  }

  #failed(err: unknown): void {
    this.#options.counters.add('sweep.failed');
    this.#options.log.error({ err }, 'sweep of the present state failed');
  }
}

async function pauseOf(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
