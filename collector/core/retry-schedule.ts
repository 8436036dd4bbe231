/** Standard Webhooks: the first attempt is made at once, these are the pauses after each that failed. */
const pausesMs = [
  5_000,
  5 * 60_000,
  30 * 60_000,
  2 * 3_600_000,
  5 * 3_600_000,
  10 * 3_600_000,
  14 * 3_600_000,
  20 * 3_600_000,
  24 * 3_600_000,
] as const;
/** Attempts in all; then a notice is dead until a person has it sent again. */
export const maxAttempts = pausesMs.length + 1;
/** What the receiver will never take is not worth three days; a receiver that is being mended is worth five minutes. */
const maxRefusals = 3;
/** So that a thousand that failed together do not come again together. */
const jitter = 0.1;
/** A receiver may ask for patience, not for silence. */
const maxAskedMs = 24 * 3_600_000;

export interface Failure {
  readonly result: 'retry' | 'refused';
  /** What the receiver asked for. */
  readonly afterMs?: number;
}

/**
 * When it is tried again after `attempts` that failed, in ms from now; undefined: not by itself.
 * @param random from 0 to 1
 */
export function pauseAfter(attempts: number, failure: Failure, random: number): number | undefined {
  const pause = pausesMs[attempts - 1];
  if (pause === undefined || (failure.result === 'refused' && attempts >= maxRefusals)) return undefined;
  const asked = Math.min(failure.afterMs ?? 0, maxAskedMs);
  return Math.round(Math.max(pause, asked) * (1 + jitter * random));
}
