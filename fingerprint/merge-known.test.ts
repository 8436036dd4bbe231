import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aboutAll, arbBehaviours, observation, subject, workload } from '../test/fakes/behaviours.ts';
import { canonicalBytes } from './canonical.ts';
import { type Baseline, type Exercise, exerciseModes, type SiteParameter } from './fingerprint.ts';
import { type LearnAbout, learn } from './learn.ts';
import { merge } from './merge.ts';
import { phases } from './phase.ts';
import { inheritedName } from './program.ts';

const { subject: _subject, ...scope } = workload;
const [from, other] = ['ab', 'cd'].map((x) => `sha256:${x.repeat(32)}`) as [string, string];
const about = (more: Partial<LearnAbout>): Baseline => learn(subject, [], { ...aboutAll, ...more });
const inheriting = (programs: readonly string[], exes: readonly string[], source = from): Baseline =>
  learn(
    subject,
    exes.map((exe) => ({ root: 'entrypoint', lineage: [exe], kind: 'delete', path: '/x' }) as const),
    { ...aboutAll, observation: { ...observation, inherited: { from: source, programs } } },
  );

describe('merge', () => {
  it('judges a phase that either learned', () => {
    const [start, steady] = [about({ phases: ['start'] }), about({ phases: ['steady'] })];
    expect(merge(start, start).phases).toEqual(['start']);
    expect(merge(start, steady).phases).toBeUndefined();
    expect(merge(start, about({})).phases).toBeUndefined();
  });

  it('keeps the scope both have and refuses to mix two', () => {
    const here = about({ scope });
    expect(merge(here, about({ scope })).scope).toEqual(scope);
    for (const elsewhere of [about({}), about({ scope: { ...scope, owner: 'Deployment/till' } })]) {
      expect(() => merge(here, elsewhere)).toThrow(
        expect.objectContaining({
          code: 'SCHEMA',
          field: 'scope',
          message: expect.stringContaining('Deployment/cart'),
        }),
      );
    }
  });

  it('keeps parameters once per name', () => {
    const parameter = (name: string, what: string): SiteParameter => ({ kind: 'site', name, what });
    const both = merge(
      about({ parameters: [parameter('db', 'b'), parameter('mail', '')] }),
      about({ parameters: [parameter('db', 'a')] }),
    );
    expect(both.parameters).toEqual([parameter('db', 'a'), parameter('mail', '')]);
  });

  it('expects of a mode whatever either expects', () => {
    const exercise = (name: string): Exercise => ({ mode: 'load', expects: [{ do: 'resolve', name }] });
    const both = merge(
      about({ representativeness: [exercise('b')] }),
      about({ representativeness: [exercise('a')] }),
    );
    expect(both.representativeness).toEqual([
      { mode: 'load', expects: [...exercise('a').expects, ...exercise('b').expects] },
    ]);
  });

  it('calls a program inherited until one has seen it', () => {
    const [a, b] = ['/a', '/b'].map((exe) => inheritedName({ root: 'entrypoint', exe })) as [string, string];
    const neither = inheriting([a, b], ['/a', '/b']);
    const sawA = inheriting([b], ['/a', '/b']);
    const sawB = inheriting([a], ['/a', '/b'], other);
    expect(merge(neither, neither).observation.inherited?.programs).toEqual([a, b]);
    expect(merge(neither, sawA).observation.inherited?.programs).toEqual([b]);
    expect(merge(sawB, sawA).observation.inherited).toEqual({ from, programs: [] });
  });
});

describe('merging everything a baseline can hold', () => {
  const maybe = <K extends string, T>(key: K, value: fc.Arbitrary<T>): fc.Arbitrary<{ [P in K]?: T }> =>
    fc.record({ [key]: value }, { requiredKeys: [] }) as fc.Arbitrary<{ [P in K]?: T }>;
  const word = fc.constantFrom('a', 'b', 'c');
  const arbAbout = fc
    .tuple(
      maybe('phases', fc.subarray([...phases], { minLength: 1 })),
      maybe(
        'parameters',
        fc.array(fc.record({ kind: fc.constantFrom('site', 'volume'), name: word, what: word })),
      ),
      maybe(
        'representativeness',
        fc.array(
          fc.record({
            mode: fc.constantFrom(...exerciseModes),
            expects: fc.array(fc.record({ do: fc.constant('resolve' as const), name: word })),
          }),
        ),
      ),
      maybe(
        'inherited',
        fc.record({
          from: fc.constantFrom(from, other),
          programs: fc.subarray(['entrypoint||/entry.sh', 'probe||/bin/sh']),
        }),
      ),
    )
    .map(
      ([p, q, r, { inherited }]): LearnAbout => ({
        ...aboutAll,
        ...p,
        ...q,
        ...r,
        observation: inherited === undefined ? observation : { ...observation, inherited },
      }),
    );
  const arbBaseline = fc.tuple(arbBehaviours, arbAbout).map(([bs, more]) => learn(subject, bs, more));
  const text = (value: unknown): string => new TextDecoder().decode(canonicalBytes(value));

  it('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(arbBaseline, arbBaseline, arbBaseline, (a, b, c) => {
        expect(text(merge(a, b))).toBe(text(merge(b, a)));
        expect(text(merge(merge(a, b), c))).toBe(text(merge(a, merge(b, c))));
        expect(text(merge(merge(a, b), b))).toBe(text(merge(a, b)));
      }),
      { seed: 20260502 },
    );
  });

  it('changes nothing when a part is merged with itself', () => {
    fc.assert(
      fc.property(arbBaseline, (a) => {
        expect(text(merge(a, a))).toBe(text(a));
      }),
      { seed: 20260502 },
    );
  });
});
