import { type Phase, startUs } from '../../fingerprint/phase.ts';
import { Bitset } from './dictionary.ts';

/** What a copy has shown in one phase of its life, and what of it has not been told yet. */
class ShownInPhase {
  readonly seen = new Bitset();
  /** µs since the epoch: where the next support report begins. */
  since: number;
  events = 0;
  lost = 0;

  constructor(since: number) {
    this.since = since;
  }
}

/** What is told of one phase: which behaviours so far, and how much happened since the last report. */
export interface Support {
  readonly phase: Phase;
  readonly seen: Uint8Array;
  readonly since: number;
  readonly until: number;
  readonly events: number;
  readonly lost: number;
}

/** What one copy has shown, its start-up apart from the rest (DESIGN §5): the two are judged ready separately. */
export class Shown {
  /** Watched from its first process on. */
  readonly isFromStart: boolean;
  readonly #startedAt: number;
  /** Of its acts: those that belong to a phase already. */
  #counted = 0;
  readonly #phases: Readonly<Record<Phase, ShownInPhase>>;
  #phase: Phase;
  #isStartTold: boolean;

  /** @param phase `start` for a copy that is watched from its first process on */
  constructor(phase: Phase, startedAt: number) {
    this.isFromStart = phase === 'start';
    this.#phase = phase;
    this.#startedAt = startedAt;
    this.#phases = { start: new ShownInPhase(startedAt), steady: new ShownInPhase(startedAt) };
    this.#isStartTold = !this.isFromStart;
  }

  get phase(): Phase {
    return this.#phase;
  }

  lost(events: number): void {
    this.#phases[this.#phase].lost += events;
  }

  /** @param phase in which the act began that showed it */
  saw(index: number, phase: Phase): void {
    this.#phases[phase].seen.set(index);
  }

  /** Whether its start-up has lasted as long as one may. */
  isOverdue(time: number): boolean {
    return this.#phase === 'start' && time - this.#startedAt >= startUs;
  }

  /** @param acts of this copy so far. @returns whether it was in its start-up until now */
  settle(time: number, acts: number): boolean {
    if (this.#phase === 'steady') return false;
    this.#count(acts);
    this.#phase = 'steady';
    this.#phases.steady.since = time;
    return true;
  }

  /** What is due: the present phase, and once more the start-up when it is over. @param acts of this copy so far */
  *support(until: number, acts: number): Generator<Support> {
    this.#count(acts);
    if (!this.#isStartTold) {
      yield this.#told('start', this.#phase === 'start' ? until : this.#phases.steady.since);
      this.#isStartTold = this.#phase === 'steady';
    }
    if (this.#phase === 'steady') yield this.#told('steady', until);
  }

  #count(acts: number): void {
    this.#phases[this.#phase].events += acts - this.#counted;
    this.#counted = acts;
  }

  #told(phase: Phase, until: number): Support {
    const shown = this.#phases[phase];
    const { since, events, lost } = shown;
    // Counts are of the time since the last report; the collector adds them up.
    [shown.since, shown.events, shown.lost] = [until, 0, 0];
    return { phase, seen: shown.seen.bytes(), since, until, events, lost };
  }
}
