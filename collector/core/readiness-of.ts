import type { LearnedWorkload } from './learned.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly { readonly id: string; readonly ok: boolean; readonly sentence: string }[];
}

export function readinessOf(
  _learned: LearnedWorkload,
  _thresholds: 'default' | 'demo',
  _now: number,
): Readiness {
  return { ready: false, reasons: [] };
}
