import type { Incident } from '../fingerprint/incident.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { BrakeLimits, BrakeReason } from './core/brake-limits.ts';
import { type Braked, brakesOn, type Surroundings } from './core/brakes.ts';
import {
  type Force,
  forceOf,
  type ManualAction,
  type ManualRefusal,
  manualRefusal,
} from './core/manual-order.ts';
import { reasonSentence, recordedSentence } from './core/reason-sentence.ts';
import type { Spending } from './core/spending.ts';
import type { AgentLink, DriftStore, OccurrenceRow } from './ports.ts';
import { type SurroundingsOptions, surroundingsOf } from './surroundings.ts';

export type ManualCode =
  | ManualRefusal
  | 'unknown-incident'
  | 'unknown-instance'
  | 'agent-away'
  | 'needs-force'
  | 'no-enforcer';

export interface ManualRefused {
  readonly incident: string;
  readonly result: 'refused';
  readonly code: ManualCode;
  readonly sentence: string;
  /** The words that would pass it, together; absent where none does. */
  readonly force?: readonly Force[];
}

/** A brake that a person's order meets, with its numbers, and the word that passes it. */
export interface BrakeMet {
  readonly reason: BrakeReason;
  readonly sentence: string;
  readonly force?: Force;
}

/** What may be ordered as far as no force helps, with what it would happen in. */
export interface Clear {
  readonly result: 'clear';
  readonly row: OccurrenceRow;
  readonly link: AgentLink;
  /** Absent of what meets no brakes. */
  readonly around?: Surroundings;
}

export interface ManualCheckOptions extends Omit<SurroundingsOptions, 'limits'> {
  readonly store: Pick<DriftStore, 'occurrences'>;
  readonly limits: () => BrakeLimits;
  readonly isProtected: (workload: Workload) => boolean;
  readonly linkOf: (agent: string) => AgentLink | undefined;
}

type Stop = Exclude<ManualAction, 'resume' | 'quarantine'>;

/** What stands in the way of a person's order: the same for the order and for whoever asks beforehand. */
export class ManualCheck {
  readonly #options: ManualCheckOptions;

  constructor(options: ManualCheckOptions) {
    this.#options = options;
  }

  /** What no word passes. @throws StoreError */
  async look(
    id: string,
    action: Exclude<ManualAction, 'quarantine'>,
    spending: () => Spending,
  ): Promise<Clear | ManualRefused> {
    const { store, linkOf, isProtected } = this.#options;
    const [row] = await store.occurrences({ id, limit: 1 });
    if (row === undefined) return refused(id, 'unknown-incident', noOccurrence);
    const link = linkOf(row.agent);
    if (link === undefined)
      return refused(id, 'agent-away', 'its agent is not connected; try again when it is back');
    if (action === 'resume') return { result: 'clear', row, link };
    const refusal = manualRefusal(row.incident, action, isProtected(row.incident.workload));
    if (refusal !== undefined) return refused(id, refusal, refusalSentences[refusal]);
    const limits = this.#options.limits();
    const around = await surroundingsOf(row.incident, link, spending, { ...this.#options, limits });
    if (!around.isKnown) return refused(id, 'unknown-instance', recordedSentence('none', 'unknown-instance'));
    return { result: 'clear', row, link, around: { ...around, hasActed: true } };
  }

  /** Not async: nothing may be charged between this and the order. */
  brakes({ row, around }: Clear, action: Stop, spending: Spending): readonly BrakeMet[] {
    const { limits, now } = this.#options;
    if (around === undefined) return [];
    return brakesOn(action, row.incident, around, spending, limits(), now()).map(brakeMet);
  }
}

/** The brakes that are not passed by these words, as a refusal. */
export function needsForce(
  { id }: Incident,
  brakes: readonly BrakeMet[],
  given: readonly Force[],
): ManualRefused | undefined {
  const missing = brakes.filter(({ force }) => force !== undefined && !given.includes(force));
  const force = missing.flatMap((brake) => (brake.force === undefined ? [] : [brake.force]));
  if (force.length === 0) return undefined;
  const why = missing.map(({ sentence }) => sentence).join('; ');
  const words = force.map((word) => `"${word}"`).join(' and ');
  const sentence = `${why}; to do it nonetheless, repeat it with force ${words}`;
  return { ...refused(id, 'needs-force', sentence), force };
}

export const noOccurrence = 'there is no such occurrence';

export function refused(incident: string, code: ManualCode, sentence: string): ManualRefused {
  return { incident, result: 'refused', code, sentence };
}

function brakeMet(brake: Braked): BrakeMet {
  const force = forceOf(brake.reason);
  const sentence = reasonSentence({ action: 'none', ...brake });
  return { reason: brake.reason, sentence, ...(force === undefined ? {} : { force }) };
}

const refusalSentences: Readonly<Record<ManualRefusal, string>> = {
  'protected-namespace': 'its namespace is protected: nothing is ever stopped there',
  'no-approval': 'no approved fingerprint covers this workload; approve one for freeze or kill first',
  provisional: 'its fingerprint was learned and nobody has approved it yet',
  'approval-mode': 'the approval of its fingerprint does not go so far; approve it for more first',
  'known-program': 'that process is a known program: it may be held or frozen, not killed',
};
