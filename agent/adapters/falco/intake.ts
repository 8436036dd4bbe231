import type { SourceSink } from '../../ports/source.ts';
import type { Log } from '../../ports.ts';

/** What every way in has to do with. */
export interface FalcoIntakeOptions {
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  /** What Falco counts itself. Absent: not looked at. */
  readonly counters?: FalcoCounters;
  /** Not a word for this long is told; the default is a minute. */
  readonly silentMs?: number;
}

export interface FalcoCounters {
  /** `http://127.0.0.1:8765/metrics` */
  readonly address: string;
  /** Somebody asked for it: that it cannot be read is a fault, and no choice. */
  readonly isAsked: boolean;
  /** Alerts that came, whatever they said. */
  readonly received: () => number;
  readonly reasons: { readonly kernel: string; readonly queue: string };
  /** The default is two seconds. */
  readonly everyMs?: number;
}

/** The sink, and when something came last. */
export class HeardSink implements SourceSink {
  readonly #sink: SourceSink;
  readonly #now: () => number;
  heardAt: number;

  constructor(sink: SourceSink, now: () => number) {
    this.#sink = sink;
    this.#now = now;
    this.heardAt = now();
  }

  bytes(bytes: Uint8Array, receivedAt: number): void {
    this.heardAt = receivedAt;
    this.#sink.bytes(bytes, receivedAt);
  }

  note(note: Parameters<SourceSink['note']>[0]): void {
    this.#sink.note(note);
  }

  connected(version = ''): void {
    this.note({ type: 'connected', version });
    // Nothing is asked of Falco: it writes, or queues, whoever is there.
    this.note({ type: 'watching' });
  }

  /** Something was not taken: ours, and counted. */
  refused(reason: string): void {
    const time = this.#now();
    this.note({ type: 'gap', since: time, until: time, lost: 1, reason });
  }
}
