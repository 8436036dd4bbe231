import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { Baseline, Fingerprint, Program } from '../../fingerprint/fingerprint.ts';
import { type FingerprintIndex, indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { judge } from '../../fingerprint/judge.ts';
import { merge } from '../../fingerprint/merge.ts';
import type { Phase } from '../../fingerprint/phase.ts';
import type { ScopedBaseline } from '../../fingerprint/provisional.ts';
import { scopeOf } from '../../fingerprint/scope.ts';
import { type Beforehand, baselineOf } from './baselines.ts';
import type { LearnedNovelty, LearnedWorkload } from './learned.ts';

/** The baseline that is signed when learning is complete for these phases. */
export function provisionalBaseline(
  learned: LearnedWorkload,
  beforehand: Beforehand,
  judged: readonly Phase[],
): ScopedBaseline {
  const baseline = baselineOf(learned, beforehand);
  return judged.includes('start') ? baseline : { ...baseline, phases: judged };
}

/**
 * The same when daily work has been in force for a while and starts are known now. What was in force stays as it was: a
 * behaviour that drifted meanwhile is not learned by the back door. Added are start-ups, and what copies that were seen
 * to start did later that was known already, only not of a program with their true lineage.
 */
export function withStarts(
  inForce: Fingerprint,
  learned: LearnedWorkload,
  beforehand: Beforehand,
): ScopedBaseline {
  const before = asBaseline(inForce);
  const index = indexBehaviour(inForce);
  const added = learned.novelties.filter((n) => isStart(n) || isKnownElsewhere(n.behaviour, index));
  // As wide as what is in force: that copies were watched for less meanwhile makes it blind to nothing.
  const more = { ...baselineOf({ ...learned, novelties: added }, beforehand), coverage: before.coverage };
  return { ...merge(before, more), scope: scopeOf(learned.workload) };
}

/** What a fingerprint knows, without its signature's particulars. */
export function asBaseline(fingerprint: Fingerprint): Baseline {
  const { stream: _s, version: _v, issuedAt: _i, expiresAt: _e, supersedes: _l, ...known } = fingerprint;
  return { ...known, format: 'whorl-baseline/v1' };
}

function isStart({ phase }: LearnedNovelty): boolean {
  return phase === 'start';
}

/** Whether what is in force accepts it of the same program in another place. */
function isKnownElsewhere(b: Behaviour, index: FingerprintIndex): boolean {
  const nodes = index.programs.get(b.lineage.at(-1) ?? '') ?? [];
  return nodes
    .filter((node) => node.root === b.root)
    .some((node) =>
      [...node.starters].some((starter) => {
        const lineage = lineageOf(node.program, starter);
        return judge({ ...b, lineage }, index).kind === 'expected';
      }),
    );
}

function lineageOf({ parent, exe }: Program, starter: string): string[] {
  return [starter, parent ?? '', exe].filter((part) => part !== '');
}
