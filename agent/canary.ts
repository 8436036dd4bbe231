import { setTimeout as sleep } from 'node:timers/promises';
import { type Canary, isCanaryWorkload, isTheCanary } from '../fingerprint/canary.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Report } from '../fingerprint/report.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { canaryFingerprint, canaryRuntime } from './canary-workload.ts';
import type { Counters } from './core/counters.ts';
import type { OwnProcesses } from './core/own.ts';
import type { InForce } from './core/watched.ts';
import type { ContainerRuntime } from './ports/containers.ts';
import type { CanaryHand, Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** DESIGN §4: the collector must see it within this, so its agent must long before. */
const withinMs = 10_000;
/** The first comes soon, so that a node that is blind from the start is known. */
const firstMs = 3_000;

/** An incident grows and is told again for a while: of which canary it is must be known so long. */
const maxFlown = 4;

export interface CanariesOptions {
  /** Text: why there is none. */
  readonly hand: CanaryHand | string;
  readonly put: (report: Report) => void;
  readonly counters: Counters;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
  readonly withinMs?: number;
  readonly firstMs?: number;
}

interface Flight {
  readonly canary: Canary;
  readonly seen: PromiseWithResolvers<void>;
}

/** What is told of the last test. */
export interface CanaryStatus {
  readonly state: 'waiting' | 'seeing' | 'blind' | 'impossible';
  /** µs since the epoch of the last that was seen; 0 when none was. */
  readonly lastSeen: number;
  readonly reason?: string;
}

/**
 * Tests the silence: does something that drifts, as a workload of its own, and looks whether it is judged. All the way
 * from the kernel to the spool is the ordinary one; nobody on it knows a canary from anything else.
 */
export class Canaries {
  readonly #options: CanariesOptions;
  readonly #hand: CanaryHand | undefined;
  readonly #inForce: InForce | undefined;
  /** Latest last. */
  #flown: Flight[] = [];
  #status: CanaryStatus = { state: 'waiting', lastSeen: 0 };

  constructor(options: CanariesOptions) {
    const { hand } = options;
    this.#options = options;
    this.#hand = typeof hand === 'string' ? undefined : hand;
    this.#inForce = this.#hand === undefined ? undefined : canaryFingerprint(this.#hand);
  }

  /** Knows the canaries' cgroup; to be asked before all others. */
  get runtimes(): readonly ContainerRuntime[] {
    return this.#hand === undefined ? [] : [canaryRuntime(this.#hand)];
  }

  /** Canaries are the only thing an agent starts that it watches. */
  watched(own: OwnProcesses): OwnProcesses {
    return this.#hand === undefined ? own : { ...own, canary: this.#hand.cgroupPath };
  }

  get status(): CanaryStatus {
    return this.#status;
  }

  /** The fingerprint in force, for the canaries' own workload. */
  judging(workload: Workload): InForce | undefined {
    return isCanaryWorkload(workload) ? this.#inForce : undefined;
  }

  /** Told of each incident. @returns what it is to the canary under way; `no`: an incident like any other */
  told(incident: Incident): 'no' | 'part' | 'whole' {
    if (!isCanaryWorkload(incident.workload)) return 'no';
    for (const { canary, seen } of this.#flown) {
      const is = isTheCanary(canary, incident);
      if (is === 'whole') seen.resolve();
      if (is !== 'no') return is;
    }
    return 'no';
  }

  async run(periodMs: number, signal: AbortSignal): Promise<void> {
    const hand = this.#hand;
    if (hand === undefined) {
      this.#impossible(this.#options.hand);
      return;
    }
    this.#options.counters.set('canary.period-seconds', Math.ceil(periodMs / 1000));
    await pause(Math.min(this.#options.firstMs ?? firstMs, periodMs), signal);
    while (!signal.aborted) {
      const began = performance.now();
      await this.#fly(hand, periodMs, signal);
      await pause(Math.max(0, periodMs - (performance.now() - began)), signal);
    }
  }

  async #fly(hand: CanaryHand, periodMs: number, signal: AbortSignal): Promise<void> {
    const { put, counters, now } = this.#options;
    const canary = hand.draw();
    const seen = Promise.withResolvers<void>();
    this.#flown = [...this.#flown.slice(1 - maxFlown), { canary, seen }];
    put({ type: 'canary', ...canary, period: Math.ceil(periodMs / 1000), time: now() });
    counters.add('canary.sent');
    try {
      await hand.perform(canary);
    } catch (err) {
      this.#impossible(err);
      return;
    }
    const isSeen = await this.#isSeen(seen.promise, signal);
    if (signal.aborted) return;
    counters.add(isSeen ? 'canary.seen' : 'canary.missed');
    this.#become(
      isSeen ? { state: 'seeing', lastSeen: now() } : { state: 'blind', lastSeen: this.#status.lastSeen },
    );
  }

  async #isSeen(seen: Promise<void>, signal: AbortSignal): Promise<boolean> {
    const over = pause(this.#options.withinMs ?? withinMs, signal).then(() => false);
    return await Promise.race([seen.then(() => true), over]);
  }

  #impossible(err: unknown): void {
    this.#options.counters.add('canary.failed');
    // Known from the start, as with sources that show containers alone: no defect, but somebody should know.
    if (typeof err === 'string') this.#options.log.warn({ reason: err }, 'silence is not tested here');
    else this.#options.log.error({ err }, 'canary could not be done');
    const reason = err instanceof Error ? err.message : String(err);
    this.#become({ state: 'impossible', lastSeen: this.#status.lastSeen, reason });
  }

  /** Said when it changes; that all is well needs no word at the start. */
  #become(next: CanaryStatus): void {
    const before = this.#status.state;
    this.#status = next;
    if (before === next.state || (before === 'waiting' && next.state === 'seeing')) return;
    this.#options.say({ type: 'canary', ...next });
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
