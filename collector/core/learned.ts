import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { CoverageWord } from '../../fingerprint/coverage.ts';
import type { Phase } from '../../fingerprint/phase.ts';
import type { Instance, Workload } from '../../fingerprint/workload.ts';

/** What agents have told of one workload, over all nodes. Times in µs since the Unix epoch. */
export interface LearnedWorkload {
  readonly workload: Workload;
  /** Names of the event sources, joined by `+`. */
  readonly source: string;
  readonly novelties: readonly LearnedNovelty[];
  readonly instances: readonly LearnedInstance[];
  /** What the crontabs of its copies say will happen. */
  readonly schedules: readonly { readonly timing: string; readonly command: string }[];
}

export interface LearnedNovelty {
  readonly ordinal: number;
  readonly behaviour: Behaviour;
  /** The earliest that was reported. */
  readonly time: number;
  readonly node: string;
  readonly instance: string;
  /** Of that copy's life in which it was shown. */
  readonly phase: Phase;
}

export interface LearnedInstance {
  readonly instance: Instance;
  readonly agent: string;
  readonly state: 'started' | 'found' | 'exited';
  /** Watched from its first process on, so that its start-up is known. */
  readonly fromStart: boolean;
  readonly coverage: readonly CoverageWord[];
  /** Span that support reports cover; 0 when there were none. */
  readonly since: number;
  readonly until: number;
  readonly events: number;
  readonly lost: number;
  /** Ordinals of the behaviours that this copy has shown, by phase of its life. */
  readonly seen: Readonly<Record<Phase, readonly number[]>>;
}
