import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { underCeiling } from '../../fingerprint/ceiling.ts';
import { fullCoverage } from '../../fingerprint/coverage.ts';
import { effectiveDigest } from '../../fingerprint/effective.ts';
import { effectiveBehaviour } from '../../fingerprint/effective-behaviour.ts';
import { origins } from '../../fingerprint/event.ts';
import type { BehaviourSet } from '../../fingerprint/fingerprint.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { judge } from '../../fingerprint/judge.ts';
import { ProgramSet } from '../../fingerprint/program-set.ts';
import { currentRules } from '../../fingerprint/rules.ts';
import { ceilingClasses } from '../../fingerprint/trust-classes.ts';
import { arbBehaviour } from '../fakes/behaviours.ts';

vi.setConfig({ testTimeout: 60_000 });
const runs = { numRuns: 400, seed: 4 };

/** A small world, so that base, additions and removals drawn from it meet. */
const arbActor = fc.record({
  root: fc.constantFrom('entrypoint' as const, 'interactive' as const),
  lineage: fc.array(fc.constantFrom('/bin/sh', '/app/server'), { minLength: 1, maxLength: 3 }),
});
const arbOrigin = fc.record({ origin: fc.constantFrom(...origins) }, { requiredKeys: [] });
const arbPath = fc.constantFrom('/data/a', '/data/{any}', '/usr/lib/x', '/etc/shadow', '/usr/{image}');
const arbAct = fc.oneof(
  fc
    .tuple(fc.constantFrom(['sh'], ['x', '-v']), arbOrigin)
    .map(([args, origin]) => ({ kind: 'exec' as const, args, ...origin })),
  fc.tuple(arbPath, arbOrigin).map(([path, origin]) => ({ kind: 'load' as const, path, ...origin })),
  fc
    .tuple(arbPath, fc.constantFrom('read' as const, 'write' as const), arbOrigin)
    .map(([path, access, origin]) => ({ kind: 'open' as const, path, access, ...origin })),
  fc
    .constantFrom('db', '10.0.0.0/8', '*.example.com')
    .map((peer) => ({ kind: 'connect' as const, transport: 'tcp' as const, peer, port: 443 })),
  fc
    .constantFrom('ptrace' as const, 'memfd' as const)
    .map((privilege) => ({ kind: 'privilege' as const, privilege })),
);
const arbSmall = fc.tuple(arbActor, arbAct).map(([actor, act]): Behaviour => ({ ...actor, ...act }));
const arbAny = fc.oneof({ weight: 4, arbitrary: arbSmall }, { weight: 1, arbitrary: arbBehaviour });
/** One program and where its code comes from: here taking away and adding can do the opposite of what they say. */
const arbCode = fc
  .tuple(
    fc.constantFrom({ kind: 'exec' as const, args: ['x'] }, { kind: 'load' as const, path: '/usr/lib/x' }),
    arbOrigin,
  )
  .map(([act, origin]): Behaviour => ({ root: 'entrypoint', lineage: ['/app/server'], ...act, ...origin }));
const arbSet = fc
  .oneof(fc.array(arbAny, { maxLength: 12 }), fc.array(arbCode, { minLength: 1, maxLength: 3 }))
  .map(setOf);
const arbOverlay = fc.record({ add: arbSet, remove: arbSet }, { requiredKeys: [] });
/** Enough to meet what was drawn: the small world has a few hundred acts. */
const arbActs = fc.array(fc.oneof(arbSmall, arbCode), { minLength: 40, maxLength: 60 });
const arbOverlays = fc.array(arbOverlay, { maxLength: 3 });

function setOf(behaviours: readonly Behaviour[]): BehaviourSet {
  const set = new ProgramSet();
  for (const b of behaviours) set.addBehaviour(b);
  return set.toSet();
}

function expects(set: { behaviour: BehaviourSet; removed?: BehaviourSet }): (b: Behaviour) => boolean {
  const index = indexBehaviour({ coverage: fullCoverage, rules: currentRules, ...set });
  return (b) => judge(b, index).kind === 'expected';
}

describe('an effective fingerprint', () => {
  it('is the same in whatever order its overlays came', () => {
    fc.assert(
      fc.property(arbSet, arbOverlays, fc.nat(), (behaviour, overlays, n) => {
        const digests = overlays.map((_, i) => `sha256:${String(i).repeat(64)}`);
        const order = overlays.map((_, i) => (i + n) % overlays.length).reverse();
        const here = effectiveBehaviour({ behaviour }, overlays, ceilingClasses);
        const there = effectiveBehaviour(
          { behaviour },
          order.flatMap((i) => overlays[i] ?? []),
          ceilingClasses,
        );
        expect(there).toEqual(here);
        const there2 = effectiveDigest(
          'x',
          order.flatMap((i) => digests[i] ?? []),
          there.whole,
        );
        expect(there2).toBe(effectiveDigest('x', digests, here.whole));
      }),
      runs,
    );
  });

  it('without overlays and ceiling is what was signed', () => {
    fc.assert(
      fc.property(arbSet, (behaviour) => {
        const { inert, ...effective } = effectiveBehaviour({ behaviour }, [], []);
        expect(effective).toEqual({ behaviour, whole: behaviour });
        expect(inert).toEqual([]);
      }),
      runs,
    );
  });

  it('accepts nothing that base and additions do not', () => {
    fc.assert(
      fc.property(arbSet, arbOverlays, arbActs, (behaviour, overlays, acts) => {
        const additions = overlays.map(({ add }) => (add === undefined ? {} : { add }));
        const most = expects(effectiveBehaviour({ behaviour }, additions, []));
        const effective = expects(effectiveBehaviour({ behaviour }, overlays, ceilingClasses));
        for (const b of acts) if (effective(b)) expect(most(b)).toBe(true);
      }),
      runs,
    );
  });

  it('makes no drift of anything by adding', () => {
    fc.assert(
      fc.property(arbSet, arbSet, arbActs, (behaviour, add, acts) => {
        const was = expects({ behaviour });
        const is = expects(effectiveBehaviour({ behaviour }, [{ add }], []));
        for (const b of acts) if (was(b)) expect(is(b)).toBe(true);
      }),
      runs,
    );
  });

  it('accepts what was added, unless it can only be granted together with something else', () => {
    fc.assert(
      fc.property(arbSet, arbSmall, (behaviour, b) => {
        const alone = expects({ behaviour: setOf([b]) });
        const is = expects(effectiveBehaviour({ behaviour }, [{ add: setOf([b]) }], []));
        expect(is(b)).toBe(alone(b) || expects({ behaviour })(b));
      }),
      runs,
    );
  });

  it('lets in nothing by removing', () => {
    fc.assert(
      fc.property(arbSet, arbSet, arbActs, (behaviour, remove, acts) => {
        const was = expects({ behaviour });
        const is = expects(effectiveBehaviour({ behaviour }, [{ remove }], []));
        for (const b of acts) if (is(b)) expect(was(b)).toBe(true);
      }),
      runs,
    );
  });

  it('does not accept what one overlay removes and another adds', () => {
    fc.assert(
      fc.property(arbSet, arbOverlays, arbSet, (behaviour, overlays, both) => {
        const removed = effectiveBehaviour({ behaviour }, [...overlays, { remove: both }], []);
        const contested = effectiveBehaviour(
          { behaviour },
          [{ add: both }, ...overlays, { remove: both }],
          [],
        );
        const effective = expects(contested);
        expect(contested.removed).toEqual(removed.removed);
        for (const p of both.programs)
          for (const args of p.args)
            expect(effective({ root: p.root, lineage: [p.exe], kind: 'exec', args })).toBe(
              expects(removed)({ root: p.root, lineage: [p.exe], kind: 'exec', args }),
            );
      }),
      runs,
    );
  });
});

describe('what the ceiling holds back', () => {
  it('is judged as if it had never been written', () => {
    fc.assert(
      fc.property(arbSet, fc.subarray([...ceilingClasses]), arbActs, (behaviour, classes, acts) => {
        const { behaviour: left, inert } = underCeiling(behaviour, classes);
        const held = expects({ behaviour: left });
        for (const b of acts) if (held(b)) expect(expects({ behaviour })(b)).toBe(true);
        // Asked again there is nothing more to hold back.
        expect(underCeiling(left, classes).inert).toEqual([]);
        if (inert.length === 0) expect(left).toBe(behaviour);
      }),
      runs,
    );
  });
});
