import { setTimeout as sleep } from 'node:timers/promises';
import type { Counters } from './core/counters.ts';
import { type InPod, PodBook, type PodQuestion } from './core/kubernetes/pod-book.ts';
import type { ObjectSink, ObjectSource } from './ports/containers.ts';
import type { Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

export interface PodsOptions {
  readonly source: ObjectSource;
  /** Of this node, in the API. */
  readonly node: string;
  readonly counters: Counters;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
}

/** What is told of the Kubernetes API, for people. */
export interface PodsStatus {
  readonly state: 'waiting' | 'reached' | 'away';
  /** Why it is away. */
  readonly reason?: string;
  /** µs since the epoch. */
  readonly since: number;
  readonly pods: number;
}

/** The pods of this node as the Kubernetes API tells of them, and who waits for one. */
export class Pods {
  readonly #options: PodsOptions;
  readonly #book: PodBook;
  readonly #waiting = new Map<PodQuestion, (answer: InPod) => void>();
  readonly #listeners: (() => void)[] = [];
  #state: Pick<PodsStatus, 'state' | 'reason' | 'since'>;

  constructor(options: PodsOptions) {
    this.#options = options;
    this.#book = new PodBook(options.node);
    this.#state = { state: 'waiting', since: options.now() };
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#options.source.run(this.#sink(), signal);
  }

  of(question: PodQuestion): InPod | undefined {
    return this.#book.find(question);
  }

  /** The same as soon as it is told. @returns undefined when it is not told within that time. */
  async when(question: PodQuestion, ms: number, signal: AbortSignal): Promise<InPod | undefined> {
    const now = this.of(question);
    if (now !== undefined || ms <= 0) return now;
    const told = Promise.withResolvers<InPod>();
    const end = new AbortController();
    this.#waiting.set(question, told.resolve);
    const patience = sleep(ms, undefined, { signal: AbortSignal.any([signal, end.signal]), ref: false });
    try {
      return await Promise.race([told.promise, patience.catch(() => undefined)]);
    } finally {
      this.#waiting.delete(question);
      end.abort();
    }
  }

  /** Called whenever more may be known than before. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  get status(): PodsStatus {
    return { ...this.#state, pods: this.#book.size };
  }

  counters(): Readonly<Record<string, number>> {
    const { malformed, ofOtherNodes, refused } = this.#book.counts;
    return {
      'kubernetes.pods': this.#book.size,
      'kubernetes.malformed': malformed,
      'kubernetes.of-other-nodes': ofOtherNodes,
      'kubernetes.refused': refused,
    };
  }

  #sink(): ObjectSink {
    const book = this.#book;
    const changed = <A extends unknown[]>(act: (...args: A) => void) => {
      return (...args: A): void => {
        act(...args);
        this.#tell();
      };
    };
    return {
      begin: () => book.begin(),
      page: changed((pods: readonly unknown[]) => book.page(pods)),
      complete: () => book.complete(),
      set: changed((pod: unknown) => book.set(pod)),
      remove: (pod) => book.remove(pod),
      reached: () => this.#become({ state: 'reached', since: this.#options.now() }),
      away: (reason) => this.#become({ state: 'away', reason, since: this.#options.now() }),
    };
  }

  #tell(): void {
    for (const [question, answer] of this.#waiting) {
      const found = this.of(question);
      if (found !== undefined) answer(found);
    }
    for (const listener of this.#listeners) listener();
  }

  #become(next: Pick<PodsStatus, 'state' | 'reason' | 'since'>): void {
    const { state, reason } = this.#state;
    if (state === next.state && reason === next.reason) return;
    this.#state = next;
    const { log, say, counters } = this.#options;
    if (next.state === 'away') {
      counters.add('kubernetes.away');
      log.warn({ reason: next.reason }, 'the Kubernetes API does not tell of pods');
    }
    if (next.state !== 'waiting')
      say({
        type: 'kubernetes',
        state: next.state,
        ...(next.reason === undefined ? {} : { reason: next.reason }),
      });
  }
}
