import { describe, expect, it } from 'vitest';
import { workloadKey } from '../../fingerprint/workload.ts';
import { shop } from '../../test/fakes/reports.ts';
import { defaultBrakes } from './brake-limits.ts';
import type { Charge } from './charges.ts';
import { grantsFor, isSettled, leaseLifeMs, type Wish } from './leases.ts';
import type { OutLease, Spending } from './spending.ts';

const now = 10_000_000;
const nothing: Spending = { charges: [], leases: [] };

function wish(over: Partial<Wish> = {}): Wish {
  return {
    agent: 'a1',
    session: 's1',
    workload: workloadKey(shop),
    copies: 2,
    onNode: 100,
    serving: 40,
    ofOwner: 40,
    agentsOfWorkload: 20,
    agentsInCluster: 20,
    response: { rules: [{ mode: 'kill' }], killScope: 'subtree', stopInteractive: false },
    maxMode: 'kill',
    ...over,
  };
}

function lease(over: Partial<OutLease> = {}): OutLease {
  const times = { since: now, issuedAt: now, expiresAt: now + leaseLifeMs };
  const about = { id: 'l1', agent: 'a1', session: 's1', workload: workloadKey(shop) };
  return { ...about, stops: 1, ends: 1, spent: 0, ...times, settled: false, dropped: 0, ...over };
}

const charge: Charge = {
  id: 'o1',
  key: 'k',
  at: now,
  action: 'kill',
  workload: workloadKey(shop),
  agent: 'a7',
  instance: 'c',
  takesOut: true,
};

describe('grantsFor', () => {
  const nodes = (count: number): Wish[] => Array.from({ length: count }, (_, i) => wish({ agent: `a${i}` }));

  it('gives at most half of a budget that many draw on, one stop each', () => {
    const grants = grantsFor(nothing, nodes(20), defaultBrakes, now);
    expect(grants.map((g) => g.stops)).toEqual([1]);
  });

  it('gives a lone agent all of it', () => {
    const alone = wish({ agentsOfWorkload: 1, agentsInCluster: 1 });
    expect(grantsFor(nothing, [alone], defaultBrakes, now)).toMatchObject([{ stops: 3, ends: 3 }]);
  });

  it('never lets the last copy be ended, by all leases together', () => {
    const [one] = grantsFor(nothing, [wish({ serving: 1 })], defaultBrakes, now);
    expect(one).toMatchObject({ stops: 1, ends: 0 });
    const limits = { ...defaultBrakes, stopsPerWorkload: 20, stopsPerCluster: 40 };
    const all = grantsFor(
      nothing,
      nodes(10).map((w) => ({ ...w, serving: 3 })),
      limits,
      now,
    );
    expect(all.reduce((sum, g) => sum + g.ends, 0)).toBe(2);
  });

  it('begins with whoever has most copies, and among equals takes turns', () => {
    const many = [...nodes(9), wish({ agent: 'big', copies: 9 })];
    expect(grantsFor(nothing, many, defaultBrakes, now)[0]?.wish.agent).toBe('big');
    const first = (at: number): string | undefined =>
      grantsFor(nothing, nodes(20), defaultBrakes, at)[0]?.wish.agent;
    expect(new Set([0, 1, 2, 3, 4, 5, 6, 7].map((n) => first(n * 600_000))).size).toBeGreaterThan(2);
  });

  it('gives nothing where the budget is gone, and none where nothing may be killed', () => {
    const gone = { ...nothing, charges: [0, 1].map((i) => ({ ...charge, id: `o${i}`, key: `k${i}` })) };
    expect(grantsFor(gone, nodes(20), defaultBrakes, now)).toEqual([]);
    expect(grantsFor(nothing, [wish({ maxMode: 'freeze' })], defaultBrakes, now)).toEqual([]);
  });

  it('renews the same purse, not before it is half over', () => {
    const mine = lease();
    const out = { ...nothing, leases: [mine] };
    expect(grantsFor(out, nodes(20), defaultBrakes, now + 20_000)).toEqual([]);
    const [renewed] = grantsFor(out, nodes(20), defaultBrakes, now + 26_000);
    expect(renewed).toMatchObject({ renews: mine, stops: 1, expiresAt: now + 86_000 });
  });

  it.each<[string, Partial<OutLease>, Partial<Wish>]>([
    ['others have waited for their turn', { since: now - 600_000 }, {}],
    ['copies have gone from under it', {}, { serving: 1 }],
    ['the budget shrank', { stops: 4 }, {}],
    ['it is of a start of the agent that has ended', { session: 's0' }, {}],
    ['it is spent', { spent: 1 }, {}],
  ])('lets a lease run out when %s', (_why, over, about) => {
    const out = { ...nothing, leases: [lease(over)] };
    const grants = grantsFor(out, [wish(about)], defaultBrakes, now + 30_000);
    expect(grants.filter((g) => g.renews !== undefined)).toEqual([]);
  });
});

describe('isSettled', () => {
  const told = { session: 's1', time: (now + leaseLifeMs + 30_000) * 1000, waiting: 0, dropped: 0 };

  it('when the agent has told all it did, some time after the lease was over by its own clock', () => {
    expect(isSettled(lease(), told)).toBe(true);
  });

  it.each<[string, Partial<typeof told>]>([
    ['its clock says that a stop may still be under way', { time: (now + leaseLifeMs + 20_000) * 1000 }],
    ['something is not told yet', { waiting: 1 }],
    ['something could not be written down', { dropped: 1 }],
    ['it began anew and may have died over it', { session: 's2' }],
  ])('not when %s', (_why, over) => {
    expect(isSettled(lease(), { ...told, ...over })).toBe(false);
  });
});
