import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { coverageWords, notCovered } from '../../fingerprint/coverage.ts';
import { behaviourKinds } from '../../fingerprint/event.ts';
import type { Baseline, Program } from '../../fingerprint/fingerprint.ts';
import { learn } from '../../fingerprint/learn.ts';
import { merge } from '../../fingerprint/merge.ts';
import { ProgramSet } from '../../fingerprint/program-set.ts';
import { score } from '../../fingerprint/score.ts';
import { aboutAll, arbBehaviour, subject } from '../fakes/behaviours.ts';

/** What tightens and loosens most: patterns, their names, shells, foreign code, hooks, peers, all kinds of powers. */
const arbActor = fc.record({
  root: fc.constantFrom('entrypoint' as const, 'interactive' as const),
  lineage: fc.array(fc.constantFrom('/bin/sh', '/usr/bin/apt', '/app/server'), {
    minLength: 1,
    maxLength: 3,
  }),
});
const arbPath = fc.constantFrom(
  '/data/{any}',
  '/data/a',
  '/data/a-{digits}.log',
  '/data/sub/b',
  '/app/server',
  '/etc/shadow',
  '{volume:data}/**',
  '{volume:data}/x',
);
const arbAct = fc.oneof(
  fc.record({ kind: fc.constant('exec' as const), args: fc.constantFrom(['sh'], ['sh', '-c', 'x'], []) }),
  fc.record({
    kind: fc.constant('exec' as const),
    args: fc.constant(['x']),
    env: fc.constant(['LD_PRELOAD']),
    origin: fc.constantFrom('image' as const, 'upper' as const),
  }),
  fc.record({
    kind: fc.constant('open' as const),
    path: arbPath,
    access: fc.constantFrom('read' as const, 'write' as const),
  }),
  fc.record({ kind: fc.constant('delete' as const), path: arbPath }),
  fc.record({
    kind: fc.constant('rename' as const),
    path: arbPath,
    to: fc.constantFrom('/data/b', '/app/server'),
  }),
  fc.record({ kind: fc.constant('load' as const), path: fc.constantFrom('/app/x.so', '/data/a') }),
);
const arbSmall = fc.tuple(arbActor, arbAct).map(([a, b]): Behaviour => ({ ...a, ...b }));
const arbBaseline = fc
  .tuple(
    fc.array(fc.oneof(arbSmall, arbBehaviour), { maxLength: 25 }),
    fc.oneof(
      fc.subarray([...behaviourKinds], { minLength: 7 }),
      fc.subarray([...coverageWords], { minLength: 12 }),
    ),
  )
  .map(([behaviours, coverage]): Baseline => {
    const set = new ProgramSet();
    for (const b of behaviours) set.addBehaviour(b);
    return { ...learn(subject, [], { ...aboutAll, coverage }), behaviour: set.toSet() };
  });

const total = (b: Baseline): number => score(b).total;
/** Sums in another order differ in the last digits. */
const slack = 1e-9;
const fixed = { seed: 5, numRuns: 300 };

/** Thousands of judgements each: a busy machine takes its time. */
vi.setConfig({ testTimeout: 60_000 });

describe('score', () => {
  it('never rises when programs or entries are taken away', () => {
    fc.assert(
      fc.property(arbBaseline, fc.infiniteStream(fc.boolean()), (b, coin) => {
        const keep = (): boolean => coin.next().value === true;
        const fewer = (p: Program): Program => ({
          ...p,
          origins: p.origins.filter(keep),
          args: p.args.filter(keep),
          env: p.env.filter(keep),
          files: p.files.filter(keep),
          network: p.network.filter(keep),
          privileges: p.privileges.filter(keep),
        });
        const programs = b.behaviour.programs.map((p) => (keep() ? p : fewer(p)));
        expect(total({ ...b, behaviour: { programs } })).toBeLessThanOrEqual(total(b) + slack);
      }),
      fixed,
    );
  });

  it('never falls when two are merged', () => {
    fc.assert(
      fc.property(arbBaseline, arbBaseline, (a, b) => {
        expect(total(merge(a, b))).toBeGreaterThanOrEqual(Math.max(total(a), total(b)) - slack);
      }),
      fixed,
    );
  });

  it('falls when a kind is judged that was not', () => {
    fc.assert(
      fc.property(arbBaseline, (b) => {
        const all = { ...b, coverage: [...behaviourKinds] };
        if (notCovered(b.coverage).length > 0) expect(total(all)).toBeLessThan(total(b));
      }),
      fixed,
    );
  });

  it('falls when a pattern is replaced by names it takes, however many', () => {
    const writes = (...paths: string[]): number => {
      const set = new ProgramSet();
      for (const path of paths)
        set.addBehaviour({ root: 'entrypoint', lineage: ['/app'], kind: 'open', path, access: 'write' });
      return total({ ...learn(subject, [], aboutAll), behaviour: set.toSet() });
    };
    const names = (n: number): string[] => Array.from({ length: n }, (_, i) => `/srv/d/x${i}`);
    expect(writes('{volume:d}/**')).toBeGreaterThan(writes('{volume:d}/a/{any}', '{volume:d}/b/{any}'));
    expect(writes('/srv/d/{any}')).toBeGreaterThan(writes('/srv/d/x{digits}.log', '/srv/d/{alnum}.{digits}'));
    expect(writes('/srv/d/x{digits}.log')).toBeGreaterThan(writes(...names(5000)));
    expect(writes(...names(100))).toBeGreaterThan(writes(...names(99)));
    expect(writes('/srv/d/a/x')).toBeGreaterThan(writes());
  });

  it('is 100 for what judges nothing and about nothing for what allows nothing', () => {
    const empty = { ...learn(subject, [], aboutAll), behaviour: { programs: [] } };
    expect(total(empty)).toBe(0);
    expect(total({ ...empty, coverage: [] })).toBe(100);
  });
});
