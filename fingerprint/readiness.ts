import { forecastReason } from './forecast-reason.ts';
import type { LearningHistory } from './learning-history.ts';
import type { Phase } from './phase.ts';
import { elapsedReason, horizonReason, instancesReason, lossReason } from './readiness-reasons.ts';
import type { Reason } from './reason.ts';
import { representativenessReason } from './representativeness-reason.ts';

/** The gates of DESIGN §5. */
export interface Thresholds {
  /** Printed with the answer, so that nobody takes a demonstration for evidence. */
  readonly name: 'default' | 'demo';
  /** Wall time of learning, µs. */
  readonly minElapsed: number;
  /** The same for a workload of which no two copies ever ran at once: it has no other evidence. */
  readonly minElapsedAlone: number;
  readonly minInstances: number;
  /** Expected new behaviours at the next start, Q1/m; also the incidents forecast for one. */
  readonly maxUnseenPerStart: number;
  /** Expected incidents per container and day after freezing. */
  readonly maxIncidentsPerContainerDay: number;
  /** Wall time since the last novelty, µs. */
  readonly minQuiet: number;
}

const second = 1_000_000;
const hour = 3600 * second;

export const defaultThresholds: Thresholds = {
  name: 'default',
  minElapsed: 24 * hour,
  minElapsedAlone: 72 * hour,
  minInstances: 3,
  maxUnseenPerStart: 0.1,
  maxIncidentsPerContainerDay: 0.05,
  minQuiet: 6 * hour,
};

/** Seconds instead of hours: they show that the code works, not that the workload is known. */
export const demoThresholds: Thresholds = {
  name: 'demo',
  minElapsed: 8 * second,
  minElapsedAlone: Number.POSITIVE_INFINITY,
  minInstances: 2,
  maxUnseenPerStart: 0.5,
  maxIncidentsPerContainerDay: 0.05,
  minQuiet: 3 * second,
};

export interface Readiness {
  /** Daily work is known well enough to be judged; what ends within its start-up has no other part. */
  readonly ready: boolean;
  /** The phases that may be judged. */
  readonly phases: readonly Phase[];
  readonly reasons: readonly Reason[];
  /** µs until it may be ready if nothing new shows; absent when that depends on more than time, or it is ready. */
  readonly inUs?: number;
}

/**
 * Whether what was learned can be trusted to be nearly all there is, with its reasons. Evidence, not a clock: replayed
 * forecasts, independent copies, quiet time, declared exercises, no unexplained loss (DESIGN §5 a to e). The two phases
 * are judged apart: a service that never restarted may be known well, and its start-up not at all.
 */
export function readiness(h: LearningHistory, t: Thresholds): Readiness {
  const common = [elapsedReason(h, t), representativenessReason(h), lossReason(h)];
  const start = [forecastReason(h, t, 'start'), instancesReason(h, t, 'start')];
  const steady = [forecastReason(h, t, 'steady'), instancesReason(h, t, 'steady'), horizonReason(h, t)];
  const isKnown = (reasons: readonly Reason[]): boolean => [...common, ...reasons].every((r) => r.ok);
  // Runs that all ended within their start-up have no daily work; what one of them does later is judged like the rest.
  const isJob = h.copies.length > 0 && h.copies.every((c) => !c.steady);
  const needed = isJob ? [...common, ...start] : [...common, ...steady];
  const ready = needed.every((r) => r.ok);
  const phases: readonly Phase[] = !ready ? [] : isKnown(start) ? ['start', 'steady'] : ['steady'];
  const reasons = isJob ? [...common, ...start, horizonReason(h, t)] : [...common, ...start, ...steady];
  return { ready, phases, reasons, ...estimate(needed, ready) };
}

function estimate(needed: readonly Reason[], ready: boolean): { inUs?: number } {
  const missing = needed.filter((r) => !r.ok);
  if (ready || missing.some((r) => r.inUs === undefined)) return {};
  return { inUs: Math.max(...missing.map((r) => r.inUs ?? 0)) };
}
