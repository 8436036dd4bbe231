import type { DriftKind } from './drifts.ts';

/** What a process full of agents is asked; it answers `{ value }`, one question after the other. */
export type ToAgents =
  | { readonly ask: 'mint'; readonly caFile: string; readonly from: number; readonly count: number }
  | { readonly ask: 'connect'; readonly address: string }
  | { readonly ask: 'load'; readonly load: Load }
  /** Answered when all of it is acknowledged. */
  | { readonly ask: 'send' }
  /** Answered with the moments at which each agent had the next order. */
  | { readonly ask: 'ordered' }
  | { readonly ask: 'close' };

/** What each agent of a process has to say next. */
export interface Load {
  readonly kind: DriftKind;
  readonly round: number;
  readonly each: number;
  /** ms since the Unix epoch. */
  readonly began: number;
}

/** What the edge alone is asked, and what it answers. */
export interface Ordered {
  readonly began: number;
  readonly written: number;
}
