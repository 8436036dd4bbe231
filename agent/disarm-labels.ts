import type { Counters } from './core/counters.ts';
import { DisarmBook, type NamespaceDisarm } from './core/kubernetes/disarm-book.ts';
import type { ObjectSink, ObjectSource } from './ports/containers.ts';
import type { LabelStore } from './ports/disarm.ts';
import type { Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

export interface DisarmLabelsOptions {
  readonly source: ObjectSource;
  readonly store: LabelStore;
  readonly counters: Counters;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
}

/** Whether labels of namespaces are seen, for people. */
export interface LabelsStatus {
  readonly state: 'waiting' | 'seen' | 'unseen';
  /** Why they are not. */
  readonly reason?: string;
  /** µs since the epoch. */
  readonly since: number;
  /** How often there was no room for one that is in force. */
  readonly refused: number;
}

/**
 * The namespaces that people disarmed by a label, as the Kubernetes API told last. While it is away, or lets nobody list
 * namespaces, what was known holds until its time is over.
 */
export class DisarmLabels {
  readonly #options: DisarmLabelsOptions;
  readonly #book = new DisarmBook();
  readonly #told = Promise.withResolvers<void>();
  #state: Omit<LabelsStatus, 'refused'>;
  /** Whether something is known that is not kept yet. */
  #isNew = false;
  #isBroken = false;

  constructor(options: DisarmLabelsOptions) {
    this.#options = options;
    this.#state = { state: 'waiting', since: options.now() };
  }

  async open(): Promise<void> {
    this.#book.restore(await this.#options.store.load());
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#options.source.run(this.#sink(), signal);
  }

  /** Resolves when the API told of labels, or why it does not. */
  get told(): Promise<void> {
    return this.#told.promise;
  }

  of(namespace: string): NamespaceDisarm | undefined {
    return this.#book.of(namespace, this.#options.now());
  }

  inForce(): readonly NamespaceDisarm[] {
    return this.#book.inForce(this.#options.now());
  }

  /** Keeps what was told since the last call, so that it holds after a restart too. */
  async keep(): Promise<void> {
    if (!this.#isNew) return;
    this.#isNew = false;
    const { store, counters, log } = this.#options;
    try {
      await store.save(this.#book.labels());
      this.#isBroken = false;
    } catch (err) {
      this.#isNew = true;
      if (this.#isBroken) return;
      this.#isBroken = true;
      counters.add('disarm-labels.not-kept');
      log.error(
        { err },
        'labels that disarm are not kept: after a restart they are not known until asked for',
      );
    }
  }

  get status(): LabelsStatus {
    return { ...this.#state, refused: this.#book.counts.refused };
  }

  counters(): Readonly<Record<string, number>> {
    const { malformed, refused, over } = this.#book.counts;
    return {
      'disarm-labels.malformed': malformed,
      'disarm-labels.refused': refused,
      'disarm-labels.over': over,
    };
  }

  #sink(): ObjectSink {
    const book = this.#book;
    const { now } = this.#options;
    const changed = (isOther: boolean): void => {
      this.#isNew ||= isOther;
    };
    return {
      begin: () => book.begin(),
      page: (namespaces) => changed(book.page(namespaces, now())),
      complete: () => changed(book.complete()),
      set: (namespace) => changed(book.set(namespace, now())),
      remove: (namespace) => changed(book.remove(namespace)),
      reached: () => this.#become({ state: 'seen', since: now() }),
      away: (reason) => this.#become({ state: 'unseen', reason, since: now() }),
    };
  }

  /** Told once, whatever it is away for from then on; a status has the latest reason. */
  #become(next: Omit<LabelsStatus, 'refused'>): void {
    const { state, since } = this.#state;
    this.#told.resolve();
    this.#state = state === next.state ? { ...next, since } : next;
    if (state === next.state) return;
    const { log, say, counters } = this.#options;
    const { reason } = next;
    if (next.state === 'unseen') {
      counters.add('disarm-labels.unseen');
      log.warn({ reason }, 'labels that disarm namespaces are not seen; those known hold until their end');
    }
    if (next.state !== 'waiting')
      say({ type: 'disarm-labels', state: next.state, ...(reason === undefined ? {} : { reason }) });
  }
}
