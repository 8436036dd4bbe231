import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { condense, generalisedIn } from '../../fingerprint/condense.ts';
import type { BehaviourSet } from '../../fingerprint/fingerprint.ts';
import { generalise } from '../../fingerprint/generalise.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { judge } from '../../fingerprint/judge.ts';
import { learn } from '../../fingerprint/learn.ts';
import { merge } from '../../fingerprint/merge.ts';
import { parseBaseline } from '../../fingerprint/parse-fingerprint.ts';
import { learnable } from '../../fingerprint/sensitive.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { uniteRemoved } from '../../fingerprint/tombstones.ts';
import { aboutAll, subject } from '../fakes/behaviours.ts';

const text = (value: unknown): string => new TextDecoder().decode(canonicalBytes(value));

/** Few places, many names: what it takes for directories to fill up, and for evidence and names to come apart. */
const directory = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('/d', '/d/s') },
  fc.constantFrom('/d/s/img-a.png', '/etc/app'),
);
const stem = fc.constantFrom('img', 'pic', 'x');
const ending = fc.oneof(
  { weight: 6, arbitrary: fc.constant('.png') },
  fc.constantFrom('.a', '', '.key', '~'),
);
const leaf = fc.oneof(
  fc
    .tuple(
      stem,
      fc.oneof(
        { weight: 6, arbitrary: fc.stringMatching(/^[a-e]{1,2}$/) },
        fc.stringMatching(/^[1-5]{1,2}$/),
        fc.constantFrom('a1', 'b2'),
      ),
      ending,
    )
    .map(([s, m, e]) => `${s}-${m}${e}`),
  fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), ending).map((parts) => parts.join('')),
);
const path = fc.tuple(fc.oneof(directory, fc.constant('/w')), leaf).map((parts) => parts.join('/'));
const actor = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ root: 'entrypoint', lineage: ['/app'] } as const) },
  fc.constant({ root: 'entrypoint', lineage: ['/app', '/tool'] } as const),
);
const access = fc.oneof(
  { weight: 4, arbitrary: fc.constant('write' as const) },
  fc.constantFrom('read' as const, 'create' as const),
);
const origin = fc.constantFrom({}, { origin: 'volume' as const }, { origin: 'upper' as const });
const arbBehaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(actor, path, access, origin).map(
      ([who, at, how, where]): Behaviour => ({
        ...who,
        kind: 'open',
        path: at,
        access: how,
        // One place that nothing shows to be a data directory, or no sibling class would come out.
        ...(at.startsWith('/w/') ? {} : where),
      }),
    ),
  },
  fc
    .tuple(actor, directory)
    .map(([who, at]): Behaviour => ({ ...who, kind: 'open', path: at, access: 'create' })),
  fc.tuple(actor, path).map(([who, at]): Behaviour => ({ ...who, kind: 'delete', path: at })),
  fc.tuple(actor, path, path).map(([who, at, to]): Behaviour => ({ ...who, kind: 'rename', path: at, to })),
);
/** Few and many: on either side of the number that makes a pattern. */
const arbBehaviours = fc.oneof(
  fc.array(arbBehaviour, { maxLength: 30 }),
  fc.array(arbBehaviour, { minLength: 120, maxLength: 200, size: 'max' }),
);
const arbRemoved: fc.Arbitrary<BehaviourSet> = arbBehaviours.map(
  (bs) => learn(subject, bs.slice(0, 40), aboutAll).behaviour,
);

const runs = { numRuns: 100, seed: 20260501 };

describe('patterns', () => {
  it('come out the same for any order and any split', () => {
    let [data, classes] = [0, 0];
    fc.assert(
      fc.property(arbBehaviours, arbBehaviours, fc.nat(), (a, b, at) => {
        const whole = learn(subject, [...a, ...b], aboutAll);
        const cut = at % (a.length + 1);
        const parts = [a.slice(cut), b, a.slice(0, cut)].map((bs) =>
          learn(subject, bs.toReversed(), aboutAll),
        );
        expect(text(parts.reduce(merge))).toBe(text(whole));
        const told = generalisedIn(whole.behaviour);
        data += told.dataDirectories.length;
        classes += told.siblingClasses.length;
      }),
      runs,
    );
    // The arrays are long enough to try what this is about.
    expect(data).toBeGreaterThan(10);
    expect(classes).toBeGreaterThan(10);
  });

  it('merge commutatively, associatively and idempotently', () => {
    const arbBaseline = arbBehaviours.map((bs) => learn(subject, bs, aboutAll));
    fc.assert(
      fc.property(arbBaseline, arbBaseline, arbBaseline, (a, b, c) => {
        expect(text(merge(a, b))).toBe(text(merge(b, a)));
        expect(text(merge(merge(a, b), c))).toBe(text(merge(a, merge(b, c))));
        expect(text(merge(a, a))).toBe(text(a));
        expect(text(condense(a.behaviour))).toBe(text(a.behaviour));
      }),
      runs,
    );
  });

  it('accept every name they were made of, and no sensitive one', () => {
    fc.assert(
      fc.property(arbBehaviours, arbBehaviour, (bs, other) => {
        const index = indexBehaviour(learn(subject, bs, aboutAll));
        for (const b of bs.map((x) => generalise(x, {})).filter(learnable))
          expect(judge(b, index)).toEqual({ kind: 'expected' });
        const isKnown = bs.some((b) => 'path' in b && 'path' in other && b.path === other.path);
        if ('path' in other && other.path.endsWith('.key') && !isKnown)
          expect(judge(other, index).kind).toBe('drift');
      }),
      runs,
    );
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(arbBehaviours, arbRemoved, (bs, removed) => {
        const baseline = learn(subject, bs, { ...aboutAll, removed });
        expect(parseBaseline(parseJson(canonicalBytes(baseline)))).toEqual(baseline);
      }),
      runs,
    );
  });
});

describe('tombstones', () => {
  it('change nothing about order and split where all parts have the same', () => {
    fc.assert(
      fc.property(arbBehaviours, arbBehaviours, arbBehaviours, arbRemoved, (a, b, c, removed) => {
        const about = { ...aboutAll, removed };
        const [x, y, z] = [a, b, c].map((bs) => learn(subject, bs, about));
        if (x === undefined || y === undefined || z === undefined) throw new Error('three parts');
        const whole = text(learn(subject, [...a, ...b, ...c], about));
        expect(text(merge(merge(x, y), z))).toBe(whole);
        expect(text(merge(y, merge(z, x)))).toBe(whole);
        expect(text(merge(x, x))).toBe(text(x));
      }),
      runs,
    );
  });

  it('are never let in again, in whatever order they come', () => {
    fc.assert(
      fc.property(arbBehaviours, arbBehaviours, arbRemoved, arbRemoved, (a, b, one, other) => {
        const x = learn(subject, a, { ...aboutAll, removed: one });
        const y = learn(subject, b, { ...aboutAll, removed: other });
        const both = merge(x, y);
        expect(text(both)).toBe(text(merge(y, x)));
        expect(both.removed).toEqual(uniteRemoved(one, other));
        const index = indexBehaviour(both);
        const { removed: _removed, ...rest } = both;
        const taken = indexBehaviour({ ...rest, behaviour: uniteRemoved(one, other) });
        for (const raw of [...a, ...b]) {
          const behaviour = generalise(raw, {});
          // Lineage is not the tombstone's business: only acts of programs whose start is known here can tell.
          if (behaviour.lineage.length > 1) continue;
          if (judge(behaviour, taken).kind === 'expected') expect(judge(behaviour, index).kind).toBe('drift');
        }
      }),
      runs,
    );
  });
});
