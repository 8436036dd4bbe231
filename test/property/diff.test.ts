import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { type CoverageWord, coverageWords, covers } from '../../fingerprint/coverage.ts';
import { type Difference, diff } from '../../fingerprint/diff.ts';
import type { Change } from '../../fingerprint/diff-change.ts';
import { sideOfEntries } from '../../fingerprint/diff-side.ts';
import { behaviourKinds, origins } from '../../fingerprint/event.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { grantsOf, programsByKey } from '../../fingerprint/grants.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { judge } from '../../fingerprint/judge.ts';
import { learn } from '../../fingerprint/learn.ts';
import { merge } from '../../fingerprint/merge.ts';
import { programKey, programOf } from '../../fingerprint/program.ts';
import { ProgramSet } from '../../fingerprint/program-set.ts';
import { aboutAll, arbBehaviour, subject } from '../fakes/behaviours.ts';

/** A small world, so that two baselines drawn from it have much in common and differ in every way. */
const arbActor = fc.record({
  root: fc.constantFrom('entrypoint' as const, 'probe' as const),
  lineage: fc.array(fc.constantFrom('/bin/sh', '/app/server'), { minLength: 1, maxLength: 4 }),
});
const optional = <K extends string, T>(key: K, value: fc.Arbitrary<T>): fc.Arbitrary<{ [P in K]?: T }> =>
  fc.record({ [key]: value }, { requiredKeys: [] }) as fc.Arbitrary<{ [P in K]?: T }>;
const arbPath = fc.constantFrom('/data/a', '/data/{any}', '/usr/lib/x', '/etc/shadow', '/usr/{image}');
const arbOrigin = optional('origin', fc.constantFrom(...origins));
const arbAct = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(['x'], ['x', '-v']),
      arbOrigin,
      optional('env', fc.constantFrom(['LD_PRELOAD'], ['BASH_ENV'])),
    )
    .map(([args, origin, env]) => ({ kind: 'exec' as const, args, ...origin, ...env })),
  fc.tuple(arbPath, arbOrigin).map(([path, origin]) => ({ kind: 'load' as const, path, ...origin })),
  fc
    .tuple(arbPath, fc.constantFrom('read' as const, 'write' as const), arbOrigin)
    .map(([path, access, origin]) => ({ kind: 'open' as const, path, access, ...origin })),
  arbPath.map((path) => ({ kind: 'rename' as const, path, to: '/data/b' })),
  fc
    .tuple(
      fc.constantFrom('db', '10.0.0.1'),
      fc.constantFrom(443, -1),
      optional('inward', fc.constant(true as const)),
    )
    .map(([peer, port, inward]) => ({
      kind: 'connect' as const,
      transport: 'tcp' as const,
      peer,
      port,
      ...inward,
    })),
  fc.record({
    kind: fc.constant('privilege' as const),
    privilege: fc.constantFrom('ptrace' as const, 'memfd' as const, 'capability' as const),
  }),
);
const arbSmall: fc.Arbitrary<Behaviour> = fc
  .tuple(arbActor, arbAct)
  .map(([a, b]): Behaviour => ({ ...a, ...b }));
const arbAny = fc.oneof({ weight: 3, arbitrary: arbSmall }, { weight: 1, arbitrary: arbBehaviour });
const arbCoverage: fc.Arbitrary<readonly CoverageWord[]> = fc.oneof(
  fc.constant([...behaviourKinds]),
  fc.subarray([...behaviourKinds], { minLength: behaviourKinds.length - 2 }),
  fc.subarray([...coverageWords], { minLength: coverageWords.length - 4 }),
);

/** A baseline as a person might have approved it: with what learning never takes. */
function baselineOf(behaviours: readonly Behaviour[], coverage: readonly CoverageWord[]): Baseline {
  const set = new ProgramSet();
  for (const b of behaviours) set.addBehaviour(b);
  return { ...learn(subject, [], { ...aboutAll, coverage }), behaviour: set.toSet() };
}
const arbUnpruned = fc
  .tuple(fc.array(arbAny, { maxLength: 30 }), arbCoverage)
  .map(([bs, c]) => baselineOf(bs, c));

/** With tombstones of programs and entries, its own and such as name nothing. */
const arbBaseline = fc
  .tuple(
    arbUnpruned,
    fc.option(fc.array(arbSmall, { maxLength: 4 }), { nil: undefined }),
    fc.option(arbSmall),
  )
  .map(([baseline, removed, whole]): Baseline => {
    if (removed === undefined) return baseline;
    const set = baselineOf(whole === null ? removed : [...removed, whole], []).behaviour;
    const programs = set.programs.map((p, i) =>
      whole !== null && i === 0
        ? { ...p, origins: [], args: [], env: [], files: [], network: [], privileges: [] }
        : p,
    );
    return { ...baseline, removed: { programs } };
  });

/** Whether this change says that `b` is accepted by `by` and not by the other document. */
function names(change: Change, b: Behaviour, by: Baseline): boolean {
  if (change.kind === 'coverage') {
    const word = coverageWords.find((w) => w === change.subject);
    return word !== undefined && covers(new Set([word]), b);
  }
  const { root, parent, exe } = programOf(b);
  if (change.root !== root || change.program !== exe || (change.parent ?? '') !== parent) return false;
  if (change.kind === 'program') {
    if (change.change === 'added' || change.change === 'removed') return true;
    const starter = b.lineage.at(-3) ?? '';
    return change.subject === (starter === '' ? `#${root}` : starter);
  }
  const program = programsByKey(by.behaviour).get(programKey({ root, parent, exe }))?.program;
  if (program === undefined) return false;
  // Origins that a program without any accepts have an id, though they stand nowhere.
  if (b.kind === 'exec' && change.subject === b.origin) return true;
  const entries = grantsOf({ programs: [program] }).filter((g) => change.entries.includes(g.id));
  return entries.some(({ entry }) => {
    if (entry.kind === 'hook') return b.kind === 'exec' && b.env?.includes(entry.name) === true;
    const { starters: _, ...side } = sideOfEntries(program, [entry]);
    const asked =
      b.kind === 'exec' ? { root, lineage: [exe], kind: b.kind, args: b.args } : { ...b, lineage: [exe] };
    return judge(asked, side.acts).kind === 'expected';
  });
}

/** What drifts by `refusing` and not by `accepting`. */
function onlyAccepted(bs: readonly Behaviour[], accepting: Baseline, refusing: Baseline): Behaviour[] {
  const [yes, no] = [indexBehaviour(accepting), indexBehaviour(refusing)];
  return bs.filter((b) => judge(b, no).kind === 'drift' && judge(b, yes).kind !== 'drift');
}
const fixed = { seed: 3, numRuns: 400 };
const explain = (d: Difference): string => d.changes.map((c) => c.sentence).join('\n');

/** Thousands of judgements each: a busy machine takes its time. */
vi.setConfig({ testTimeout: 60_000 });

describe('diff', () => {
  it('of a document with itself is empty', () => {
    fc.assert(
      fc.property(arbBaseline, (a) => {
        expect(diff(a, a)).toMatchObject({ changes: [], widens: false });
      }),
      fixed,
    );
  });

  it('finds nothing gone in what was merged with something', () => {
    fc.assert(
      fc.property(arbUnpruned, arbUnpruned, (a, b) => {
        const gone = diff(a, merge(a, b)).changes.filter((c) => c.change === 'removed');
        expect(gone.map((c) => c.sentence)).toEqual([]);
      }),
      fixed,
    );
  });

  it('names every behaviour that drifts by OLD and no longer by NEW, in a change that widens', () => {
    fc.assert(
      fc.property(arbBaseline, arbBaseline, fc.array(arbAny, { maxLength: 20 }), (old, next, bs) => {
        const d = diff(old, next);
        for (const b of onlyAccepted(bs, next, old)) {
          const told = d.changes.some((c) => c.widens && names(c, b, next));
          expect(told, `${JSON.stringify(b)} is not in\n${explain(d)}`).toBe(true);
        }
      }),
      fixed,
    );
  });

  it('names every behaviour that drifts by NEW and did not by OLD', () => {
    fc.assert(
      fc.property(arbBaseline, arbBaseline, fc.array(arbAny, { maxLength: 20 }), (old, next, bs) => {
        const d = diff(old, next);
        for (const b of onlyAccepted(bs, old, next)) {
          const told = d.changes.some((c) => c.change !== 'added' && names(c, b, old));
          expect(told, `${JSON.stringify(b)} is not in\n${explain(d)}`).toBe(true);
        }
      }),
      fixed,
    );
  });

  it('never calls it a widening when programs or entries are gone', () => {
    fc.assert(
      fc.property(arbUnpruned, fc.infiniteStream(fc.boolean()), (old, coin) => {
        const keep = (): boolean => coin.next().value === true;
        const programs = old.behaviour.programs.map((p) => ({
          ...p,
          args: p.args.filter(keep),
          files: p.files.filter((f) => f.access.includes('load') || keep()),
          network: p.network.filter(keep),
          privileges: p.privileges.filter(keep),
        }));
        const d = diff(old, { ...old, behaviour: { programs } });
        expect(d.changes.filter((c) => c.widens || c.change === 'added')).toEqual([]);
      }),
      fixed,
    );
  });
});
