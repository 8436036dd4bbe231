import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fleet } from '../../test/fakes/fleet.ts';
import { defaultBrakes } from './brake-limits.ts';

/**
 * Lease arithmetic: agents that are cut off, started anew and told late, under a clock of the test's own. What counts is
 * what was carried out on the nodes, not what the collector believes.
 */

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('drift' as const), agent: fc.nat(9), copy: fc.nat(9) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), agent: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('heal' as const), agent: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), agent: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restartCollector' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 240_000 }) }),
  },
);
const shape = fc.record({
  agents: fc.integer({ min: 1, max: 10 }),
  copiesEach: fc.integer({ min: 1, max: 6 }),
  endsCopies: fc.boolean(),
});

describe('whatever is cut off from whatever', () => {
  it('stops stay within every budget in every window, and a copy is left', () => {
    fc.assert(
      fc.property(shape, fc.array(step, { maxLength: 120 }), ({ agents, copiesEach, endsCopies }, steps) => {
        const fleet = new Fleet({ agents, copiesEach, endsCopies, limits: defaultBrakes });
        for (const s of steps) fleet.play(s);
        fleet.play({ do: 'wait', ms: 700_000 });
        const { windowMs, stopsPerWorkload, stopsPerCluster } = defaultBrakes;
        const most = Math.min(stopsPerWorkload, stopsPerCluster, Math.max(1, Math.floor(fleet.copies / 4)));
        expect(fleet.mostStopsIn(windowMs)).toBeLessThanOrEqual(most);
        expect(fleet.fewestServing).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  }, 120_000);
});

describe('200 drifts with partitions at random', () => {
  it.each([1, 2, 3, 4, 5])('stay within the budget, seed %i', (seed) => {
    const fleet = new Fleet({ agents: 20, copiesEach: 5, endsCopies: true, limits: defaultBrakes });
    let state = seed;
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648) * below);
    };
    for (let i = 0; i < 200; i++) {
      const agent = random(20);
      fleet.play({ do: 'drift', agent, copy: random(5) });
      if (random(4) === 0) fleet.play({ do: random(2) === 0 ? 'cut' : 'heal', agent: random(20) });
      fleet.play({ do: 'wait', ms: random(20_000) });
    }
    expect(fleet.mostStopsIn(defaultBrakes.windowMs)).toBeLessThanOrEqual(3);
    expect(fleet.fewestServing).toBeGreaterThanOrEqual(1);
    expect(fleet.stops).toBeGreaterThan(0);
  });
});

describe('what is lent', () => {
  const calm = { do: 'wait', ms: 30_000 } as const;

  it('is spent at once by a lone agent, without asking', () => {
    const fleet = new Fleet({
      agents: 1,
      copiesEach: 8,
      endsCopies: false,
      limits: { ...defaultBrakes, nodeShare: 1 },
    });
    fleet.play(calm);
    fleet.play({ do: 'cut', agent: 0 });
    fleet.play({ do: 'drift', agent: 0, copy: 0 });
    expect(fleet.stops).toBe(1);
  });

  it('leaves something for an order to an agent that has no lease', () => {
    const fleet = new Fleet({ agents: 10, copiesEach: 5, endsCopies: false, limits: defaultBrakes });
    fleet.play(calm);
    const without = fleet.withoutLease();
    expect(without.length).toBeLessThan(10);
    fleet.play({ do: 'drift', agent: without[0] ?? 0, copy: 0 });
    expect(fleet.stops).toBe(1);
  });

  it('comes back when it was not spent', () => {
    const fleet = new Fleet({ agents: 10, copiesEach: 5, endsCopies: false, limits: defaultBrakes });
    const holders = new Set<string>();
    for (let i = 0; i < 240; i++) {
      fleet.play(calm);
      for (const agent of fleet.withLease()) holders.add(agent);
    }
    expect(holders.size).toBeGreaterThan(3);
  });

  it('lives on by the same purse: a hundred renewals allow no second stop', () => {
    const fleet = new Fleet({
      agents: 1,
      copiesEach: 4,
      endsCopies: false,
      limits: { ...defaultBrakes, nodeShare: 1 },
    });
    for (let i = 0; i < 16; i++) {
      fleet.play({ do: 'drift', agent: 0, copy: i % 4 });
      fleet.play(calm);
    }
    expect(fleet.mostStopsIn(defaultBrakes.windowMs)).toBe(1);
  });
});
