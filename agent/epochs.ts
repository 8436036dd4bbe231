import type { Counters } from './core/counters.ts';
import { type Meeting, meet, type Welcomed } from './core/epoch.ts';
import type { Outbox } from './outbox.ts';
import type { EpochStore } from './ports/uplink.ts';
import type { Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

export interface EpochsOptions {
  readonly store: EpochStore;
  readonly outbox: Pick<Outbox, 'put'>;
  /** Tells again what is the case on this node. */
  readonly retell: () => void;
  readonly counters: Counters;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
}

/**
 * A collector that was restored from a backup, or put back by its disk, lacks what it acknowledged since. That is counted
 * here and told, and what runs is told anew; nothing that this node holds is ever lowered for it.
 */
export class Epochs {
  readonly #options: EpochsOptions;
  #since: number;

  constructor(options: EpochsOptions) {
    this.#options = options;
    this.#since = options.now();
  }

  /** Each time a stream begins, before anything is acknowledged on it. */
  welcomed(welcome: Welcomed): void {
    const { store, log } = this.#options;
    const meeting = meet(store.known, welcome);
    if (meeting.kind !== 'as-before') {
      this.#take(meeting, welcome);
      void store.save(meeting.known).catch((err: unknown) => log.warn({ err }, 'epoch not kept'));
    }
    this.#since = this.#options.now();
  }

  #take(meeting: Exclude<Meeting, { kind: 'as-before' }>, { stored, acked }: Welcomed): void {
    const { outbox, counters, now, log, say, retell } = this.#options;
    switch (meeting.kind) {
      case 'first':
        return;
      case 'another':
        counters.add('lost.collector-restored', meeting.lost);
        log.warn({ stored, acked, lost: meeting.lost }, 'the collector was restored, or is another one');
        say({ type: 'collector', state: 'restored', stored, acked, lost: meeting.lost });
        break;
      case 'rolled-back': {
        counters.add('lost.collector-rolled-back', meeting.lost);
        log.error({ stored, acked, lost: meeting.lost }, 'the collector lacks what it acknowledged');
        say({ type: 'collector', state: 'rolled-back', stored, acked, lost: meeting.lost });
        // By this way it is on record there, too: the collector itself may not know that its disk was put back.
        const [since, until] = [Math.min(this.#since, now()), now()];
        outbox.put({ type: 'gap', since, until, lost: meeting.lost, reason: 'collector-rolled-back' });
        break;
      }
    }
    retell();
  }
}
