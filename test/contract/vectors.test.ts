import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { behaviourDigest } from '../../fingerprint/behaviour-digest.ts';
import { parseBehaviour } from '../../fingerprint/behaviour-json.ts';
import type { BoundPeer } from '../../fingerprint/bindings.ts';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { effectiveDigest } from '../../fingerprint/effective.ts';
import { effectiveBehaviour } from '../../fingerprint/effective-behaviour.ts';
import { behaviourKinds } from '../../fingerprint/event.ts';
import type { BehaviourSet } from '../../fingerprint/fingerprint.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { judge } from '../../fingerprint/judge.ts';
import { learn } from '../../fingerprint/learn.ts';
import { merge } from '../../fingerprint/merge.ts';
import { parseBehaviourSet } from '../../fingerprint/parse-behaviour-set.ts';
import { parseBaseline } from '../../fingerprint/parse-fingerprint.ts';
import type { CeilingClass } from '../../fingerprint/trust-classes.ts';
import { driftReasons } from '../../fingerprint/verdict.ts';
import { observation, subject } from '../fakes/behaviours.ts';

/** test/vectors: what another implementation of the format must answer, too. */

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
const text = (value: unknown): string => new TextDecoder().decode(canonicalBytes(value));

interface LearnVector {
  readonly name: string;
  readonly behaviours: readonly unknown[];
  readonly canonical: string;
  readonly digest: string;
}

describe('learning', () => {
  it.each<LearnVector>(read('learn.json'))('$name', ({ behaviours, canonical, digest }) => {
    const seen = behaviours.map((b) => parseBehaviour(b));
    for (const order of [seen, seen.toReversed(), [...seen, ...seen]]) {
      const { behaviour } = learn(subject, order, { coverage: behaviourKinds, observation });
      expect(text(behaviour)).toBe(canonical);
      expect(behaviourDigest(behaviour)).toBe(digest);
    }
  });
});

interface MergeVector {
  readonly name: string;
  readonly a: unknown;
  readonly b: unknown;
  readonly canonical: string;
}

describe('merging', () => {
  it.each<MergeVector>(read('merge.json'))('$name', ({ a, b, canonical }) => {
    const [one, other] = [parseBaseline(a), parseBaseline(b)];
    expect(text(merge(one, other))).toBe(canonical);
    expect(text(merge(other, one))).toBe(canonical);
  });
});

interface EffectiveVector {
  readonly name: string;
  readonly base: { readonly digest: string; readonly behaviour: unknown; readonly removed?: unknown };
  readonly overlays: readonly {
    readonly digest: string;
    readonly add?: unknown;
    readonly remove?: unknown;
  }[];
  readonly ceiling: readonly CeilingClass[];
  readonly behaviour: string;
  readonly removed?: string;
  readonly inert: readonly string[];
  readonly digest: string;
}

describe('the effective fingerprint', () => {
  const set = (value: unknown): BehaviourSet => parseBehaviourSet(value, '');
  it.each<EffectiveVector>(read('effective.json'))('$name', (vector) => {
    const { base, ceiling } = vector;
    const overlays = vector.overlays.map(({ digest, add, remove }) => ({
      digest,
      ...(add === undefined ? {} : { add: set(add) }),
      ...(remove === undefined ? {} : { remove: set(remove) }),
    }));
    const granted = {
      behaviour: set(base.behaviour),
      ...(base.removed === undefined ? {} : { removed: set(base.removed) }),
    };
    for (const order of [overlays, overlays.toReversed(), [...overlays, ...overlays]]) {
      const { behaviour, whole, removed, inert } = effectiveBehaviour(granted, order, ceiling);
      expect(text(behaviour)).toBe(vector.behaviour);
      expect(removed && text(removed)).toBe(vector.removed);
      expect(inert.map((g) => g.id)).toEqual(vector.inert);
      const digests = overlays.map((o) => o.digest);
      expect(effectiveDigest(base.digest, digests, whole)).toBe(vector.digest);
    }
  });
});

interface JudgeVectors {
  readonly name: string;
  readonly baseline: unknown;
  readonly bindings: {
    readonly sites: Readonly<Record<string, readonly BoundPeer[]>>;
    readonly volumes: Readonly<Record<string, readonly string[]>>;
  };
  readonly rows: readonly JudgeVector[];
}
interface JudgeVector {
  /** Number of the rule in docs/format.md that decides. */
  readonly rule: number;
  readonly name: string;
  readonly behaviour: unknown;
  readonly verdict: { readonly because?: string };
}
const judged: readonly JudgeVectors[] = read('judge.json');

describe.each(judged)('judging: $name', ({ baseline, bindings, rows }) => {
  const index = indexBehaviour(parseBaseline(baseline), {
    sites: new Map(Object.entries(bindings.sites)),
    volumes: new Map(Object.entries(bindings.volumes)),
  });
  it.each(rows)('rule $rule: $name', ({ behaviour, verdict }) => {
    const answer = judge(parseBehaviour(behaviour), index);
    // What is nearest is a help for people, not part of the contract.
    expect(answer).toEqual(answer.kind === 'drift' ? { ...verdict, nearest: answer.nearest } : verdict);
  });
});

describe('the vectors of judging', () => {
  const rows = judged.flatMap((v) => v.rows);

  it('have a row for every rule of docs/format.md', () => {
    const doc = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8');
    const verdict = doc.slice(doc.indexOf('## Verdict'));
    const rules = [...verdict.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));
    expect([...new Set(rows.map((r) => r.rule))].sort((a, b) => a - b)).toEqual(rules);
  });

  it('have a row for every reason', () => {
    const reasons = new Set(rows.map((r) => r.verdict.because));
    expect(driftReasons.filter((reason) => !reasons.has(reason))).toEqual([]);
  });
});
