import type { BehaviourKind } from './event.ts';

export const unjudgedReasons = [
  'no-fingerprint',
  'source-cannot-see',
  'events-lost',
  'instance-unknown',
  'started-before-agent',
  /** A provisional fingerprint of copies that were all older than the agent says nothing about starts. */
  'startup-not-learned',
  /** What was signed for it is refused, so nothing judges it and nothing is learned of it. */
  'untrusted',
] as const;
export type UnjudgedReason = (typeof unjudgedReasons)[number];

/** What `judge` says of one behaviour. */
export type Verdict =
  | { readonly kind: 'expected' }
  | {
      readonly kind: 'drift';
      readonly of: BehaviourKind;
      /** Why: closed list, one word per rule that can fail. */
      readonly because: DriftReason;
      /** The nearest thing that was approved, for the sentence. */
      readonly nearest?: string;
    }
  | { readonly kind: 'unjudged'; readonly reason: UnjudgedReason };

export const driftReasons = [
  /** The executable is in no program of the fingerprint. */
  'new-program',
  /** The executable is known, but not below this parent or root. */
  'new-lineage',
  'new-arguments',
  /** Known path, but its bytes come from a place that was not approved. */
  'foreign-origin',
  /** A loader or interpreter hook was set that never was. */
  'new-environment',
  'new-file',
  'new-access',
  'sensitive-file',
  'first-egress',
  'new-peer',
  'new-listener',
  'new-name',
  /** A public name answered an address inside: loopback, link-local, metadata or private space. */
  'rebinding',
  'new-privilege',
  /** Kinds that are never normal without approval by name. */
  'never-learnable',
] as const;
export type DriftReason = (typeof driftReasons)[number];

/**
 * Code or a program that nobody approved, as opposed to a known program that does something new: only the former may be
 * killed (DESIGN §8).
 */
export function isForeign(because: DriftReason): boolean {
  return ['new-program', 'new-lineage', 'foreign-origin', 'never-learnable'].includes(because);
}

/** What may be done about drift. Order matters: the effective mode is the minimum of several. */
export const modes = ['observe', 'alert', 'freeze', 'kill'] as const;
export type Mode = (typeof modes)[number];

export function minMode(...given: readonly Mode[]): Mode {
  return modes[Math.min(...given.map((m) => modes.indexOf(m)))] ?? 'observe';
}

export function highestMode(first: Mode, ...others: readonly Mode[]): Mode {
  return others.reduce((a, b) => (modes.indexOf(b) > modes.indexOf(a) ? b : a), first);
}
