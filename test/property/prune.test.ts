import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { diff } from '../../fingerprint/diff.ts';
import { FingerprintError } from '../../fingerprint/errors.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { grantsOf, programId } from '../../fingerprint/grants.ts';
import { learn } from '../../fingerprint/learn.ts';
import { merge } from '../../fingerprint/merge.ts';
import { parseBaseline } from '../../fingerprint/parse-fingerprint.ts';
import { identityOf } from '../../fingerprint/program.ts';
import { prune } from '../../fingerprint/prune.ts';
import { score } from '../../fingerprint/score.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { aboutAll, arbBehaviours, subject } from '../fakes/behaviours.ts';

const arbBaseline = arbBehaviours.map((bs) => learn(subject, bs, aboutAll));
const fixed = { seed: 9, numRuns: 200 };

/** Some of all ids there are; undefined where pruning them would leave a program without an origin. */
function pruned(
  b: Baseline,
  pick: (id: string) => boolean,
): { ids: Set<string>; after: Baseline } | undefined {
  const all = [
    ...b.behaviour.programs.map((p) => programId(identityOf(p))),
    ...grantsOf(b.behaviour).map((g) => g.id),
  ];
  const ids = new Set(all.filter(pick));
  try {
    return { ids, after: prune(b, ids) };
  } catch (error) {
    if (error instanceof FingerprintError && error.message.includes('without an origin')) return undefined;
    throw error;
  }
}

/** Thousands of judgements each: a busy machine takes its time. */
vi.setConfig({ testTimeout: 60_000 });

describe('prune', () => {
  it('allows nothing more, scores no higher, and keeps nothing of what was taken back', () => {
    fc.assert(
      fc.property(arbBaseline, fc.infiniteStream(fc.boolean()), (b, coin) => {
        const result = pruned(b, () => coin.next().value === true);
        if (result === undefined) return;
        const { ids, after } = result;
        expect(diff(b, after).widens).toBe(false);
        expect(score(after).total).toBeLessThanOrEqual(score(b).total + 1e-9);
        expect(grantsOf(after.behaviour).filter((g) => ids.has(g.id))).toEqual([]);
        expect(parseBaseline(parseJson(canonicalBytes(after)))).toEqual(after);
      }),
      fixed,
    );
  });

  it('is for good: what is learned again and merged does not come back', () => {
    fc.assert(
      fc.property(arbBaseline, fc.infiniteStream(fc.boolean()), (b, coin) => {
        const result = pruned(b, () => coin.next().value === true);
        if (result === undefined) return;
        const again = merge(result.after, b);
        expect(diff(result.after, again).changes.map((c) => c.sentence)).toEqual([]);
      }),
      fixed,
    );
  });

  it('of everything leaves nothing to accept', () => {
    fc.assert(
      fc.property(arbBaseline, (b) => {
        const after = prune(b, new Set(b.behaviour.programs.map((p) => programId(identityOf(p)))));
        expect(after.behaviour.programs).toEqual([]);
      }),
      fixed,
    );
  });
});
