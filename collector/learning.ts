import type { Baseline } from '../fingerprint/fingerprint.ts';
import type { Readiness } from '../fingerprint/readiness.ts';
import { type Workload, workloadKey } from '../fingerprint/workload.ts';
import { workloadHash } from '../fingerprint/workload-hash.ts';
import { type Beforehand, baselineOf } from './core/baselines.ts';
import { type ThinSupport, thinSupport } from './core/thin-support.ts';
import type { DriftStore, LearnedWorkload, Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

export interface LearningOptions {
  readonly store: DriftStore;
  /** DESIGN §5; @param now µs since the Unix epoch */
  readonly readiness: (learned: LearnedWorkload, beforehand: Beforehand, now: number) => Readiness;
  readonly beforehand: (hash: string, workload: Workload) => Promise<Beforehand>;
  /** A phase of its life is known. */
  readonly onReady: (learned: LearnedWorkload, beforehand: Beforehand, readiness: Readiness) => Promise<void>;
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

/** Workloads whose last readiness is remembered, so that only changes are told. */
const maxRemembered = 20_000;

/** What is learned of each workload, and whether it is complete. */
export class Learning {
  readonly #options: LearningOptions;
  /** Workload keys with news since readiness was last looked at. */
  readonly #changed = new Map<string, Workload>();
  /** Looked at again even without news: time itself completes learning. */
  readonly #unready = new Map<string, Workload>();
  readonly #told = new Map<string, string>();

  constructor(options: LearningOptions) {
    this.#options = options;
  }

  changed(workload: Workload): void {
    const key = workloadKey(workload);
    if (!this.#told.has(key) && !this.#changed.has(key)) {
      this.#options.tell({ type: 'workload', hash: workloadHash(workload), workload });
    }
    if (this.#changed.size < maxRemembered) this.#changed.set(key, workload);
  }

  async baseline(hash: string): Promise<Baseline | undefined> {
    const known = await this.#known(hash);
    return known === undefined ? undefined : baselineOf(known.learned, known.beforehand);
  }

  async readiness(hash: string): Promise<Readiness | undefined> {
    return (await this.#judged(hash))?.readiness;
  }

  /** What one node or copy alone has shown: a person looks at it before signing. */
  async thin(hash: string): Promise<readonly ThinSupport[]> {
    const learned = await this.#options.store.learned(hash);
    return learned === undefined ? [] : thinSupport(learned);
  }

  async #known(hash: string) {
    const { store, beforehand } = this.#options;
    const learned = await store.learned(hash);
    return learned === undefined
      ? undefined
      : { learned, beforehand: await beforehand(hash, learned.workload) };
  }

  async #judged(hash: string) {
    const known = await this.#known(hash);
    if (known === undefined) return undefined;
    const { readiness, now } = this.#options;
    return { ...known, readiness: readiness(known.learned, known.beforehand, now() * 1000) };
  }

  /** Looks at what changed or was not ready, one workload after the other, until the signal aborts. */
  async lookAtChanged(signal: AbortSignal): Promise<void> {
    const due = new Map([...this.#unready, ...this.#changed]);
    this.#changed.clear();
    for (const [key, workload] of due) {
      if (signal.aborted) return;
      try {
        await this.#look(key, workload);
      } catch (err) {
        this.#options.log.error({ err }, 'readiness could not be looked at');
      }
    }
  }

  async #look(key: string, workload: Workload): Promise<void> {
    const hash = workloadHash(workload);
    const judged = await this.#judged(hash);
    if (judged === undefined) return;
    const found = judged.readiness;
    if (found.ready) this.#unready.delete(key);
    else if (this.#unready.size < maxRemembered) this.#unready.set(key, workload);
    // The sentences hold numbers that move all the time; news is when a reason is met or no longer met.
    const state = found.reasons.map((r) => `${r.id} ${r.phase} ${r.ok}`).join('\n');
    if (found.ready) await this.#options.onReady(judged.learned, judged.beforehand, found);
    if (this.#told.get(key) === state) return;
    if (this.#told.size >= maxRemembered) this.#told.clear();
    this.#told.set(key, state);
    this.#options.tell({ type: 'readiness', hash, workload, ...found });
  }
}
