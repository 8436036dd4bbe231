import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbBehaviour } from '../test/fakes/behaviours.ts';
import type { Behaviour } from './behaviour.ts';
import { fullCoverage } from './coverage.ts';
import { acceptable, grantsFor, observedBehaviour } from './drift-grants.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import { neverLearnableRows } from './never-learnable-rows.ts';
import { currentRules } from './rules.ts';

const cart = { root: 'entrypoint', lineage: ['/usr/bin/cart'] } as const;
const drift = {
  ...cart,
  key: 'ab'.repeat(32),
  kind: 'open',
  because: 'new-file',
  subject: '/srv/x',
  severity: 'low',
  count: 1,
  first: 1,
  last: 1,
  process: { pid: 7, start: 1 },
} as const;

describe('what was observed', () => {
  it('is what the drift kept, not what it shows', () => {
    const act = { kind: 'open', path: '/srv/\u001b[31mx', access: 'write' } as const;
    expect(observedBehaviour({ ...drift, act })).toEqual({ ...cart, ...act });
    expect(observedBehaviour(drift)).toBeUndefined();
  });

  it.each(neverLearnableRows.flatMap((row) => row.examples.map((b) => [row.id, b] as const)))(
    'may be granted by name alone: %s',
    (_id, b) => {
      expect(acceptable(b)).toBe('by-name');
    },
  );

  it.each<[string, Behaviour]>([
    ['a file called like a pattern', { ...cart, kind: 'open', path: '/srv/{any}', access: 'write' }],
    ['a target called like one', { ...cart, kind: 'rename', path: '/srv/x', to: '/srv/{letters}' }],
    ['a name called like a parameter', { ...cart, kind: 'resolve', name: '{site:database}' }],
  ])('is never granted where it poses as more than it is: %s', (_what, b) => {
    expect(acceptable(b)).toBe('never');
  });
});

describe('what is granted', () => {
  it('is accepted by the verdict, and nothing else is', () => {
    fc.assert(
      fc.property(arbBehaviour, arbBehaviour, (b, other) => {
        fc.pre(acceptable(b) === 'freely');
        const index = indexBehaviour({
          coverage: fullCoverage,
          rules: currentRules,
          behaviour: grantsFor([b]),
        });
        expect(judge(b, index).kind).toBe('expected');
        if (other.kind !== b.kind) expect(judge(other, index).kind).toBe('drift');
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it('is a pattern where a person chose one, without the origin of the file', () => {
    const b: Behaviour = { ...cart, kind: 'open', path: '/srv/x', access: 'read', origin: 'volume' };
    const [program] = grantsFor([b], new Map([['/srv/x', '/srv/{any}']])).programs;
    expect(program?.files).toEqual([{ path: '/srv/{any}', access: ['read'] }]);
  });
});
