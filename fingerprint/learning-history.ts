import type { Behaviour } from './behaviour.ts';
import type { BehaviourSet, Exercise, ExerciseMode } from './fingerprint.ts';
import type { Phase } from './phase.ts';

/** One thing the baseline knows, and who saw it when. */
export interface LearnedEntry {
  readonly behaviour: Behaviour;
  /** µs since the Unix epoch. */
  readonly firstSeen: number;
  /** Part of the copy's life in which it was seen first. */
  readonly phase: Phase;
  /** Copy that showed it first; of a start-up the earliest start that did, whoever told it first. */
  readonly copy: string;
  /** How many distinct copies showed it, in whatever phase. */
  readonly copies: number;
}

/** One copy that was watched. */
export interface LearnedCopy {
  readonly id: string;
  /** Watched from its first process on. */
  readonly fromStart: boolean;
  /** Whether it was seen at its daily work: a job's run may end within its start-up. */
  readonly steady: boolean;
  /** From when until when it was watched, µs since the Unix epoch. */
  readonly since: number;
  readonly until: number;
}

/** What a crontab says will happen. */
export interface Schedule {
  /** As it stands there: `0 3 * * *`, `@monthly`. */
  readonly timing: string;
  readonly command: string;
  /** Whether it was seen to happen. */
  readonly seen: boolean;
}

/**
 * What is known of the learning of one workload. No count of events is in it: a copy under ten times the load shows the
 * same things sooner, but is no more evidence that nothing else will come.
 */
export interface LearningHistory {
  /** µs since the Unix epoch. */
  readonly startedAt: number;
  readonly now: number;
  /** Events lost meanwhile without explanation. */
  readonly lost: number;
  readonly copies: readonly LearnedCopy[];
  readonly entries: readonly LearnedEntry[];
  readonly schedules: readonly Schedule[];
  /** What was taken over from the digest before: it is no novelty when it is seen again. */
  readonly inherited?: BehaviourSet;
  /** What somebody declared must be seen. */
  readonly exercises: readonly Exercise[];
  /** Modes that were seen by other means than behaviours: that a copy started, or ended. */
  readonly modes: readonly ExerciseMode[];
}
