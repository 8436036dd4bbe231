import type { LearningHistory } from './learning-history.ts';
import type { Phase } from './phase.ts';

/** One part of the evidence that learning is complete, or not. */
export interface Reason {
  readonly id: 'elapsed' | 'forecast' | 'instances' | 'horizon' | 'representativeness' | 'loss';
  /** Absent: it is about both phases. */
  readonly phase?: Phase;
  readonly ok: boolean;
  /** For a person: the number, the bar, and what would help when it is not reached. */
  readonly sentence: string;
  /** µs until time alone may meet it, if nothing new shows. */
  readonly inUs?: number;
}

export function elapsedOf({ now, startedAt }: LearningHistory): number {
  return Math.max(0, now - startedAt);
}

/** When time alone would meet it. */
export function inTime(us: number): { inUs?: number } {
  return Number.isFinite(us) ? { inUs: Math.max(0, us) } : {};
}
