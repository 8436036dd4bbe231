import { describe, expect, it } from 'vitest';
import { workloadKey } from '../../fingerprint/workload.ts';
import { shop } from '../../test/fakes/reports.ts';
import { clusterLevels, workloadLevels } from './brake-levels.ts';
import { defaultBrakes } from './brake-limits.ts';
import type { Charge } from './charges.ts';
import type { OutLease } from './spending.ts';

const now = 10_000_000;
const { windowMs } = defaultBrakes;
const cart = workloadKey(shop);
const newerDigest = workloadKey({
  ...shop,
  subject: { ...shop.subject, digest: `sha256:${'f'.repeat(64)}` },
});
const other = workloadKey({ ...shop, owner: 'unit/other.service' });
const abroad = workloadKey({ ...shop, cluster: 'b' });

let drawn = 0;
/** One stop of a cause of its own, a second ago. */
function charge(over: Partial<Charge> = {}): Charge {
  drawn += 1;
  const about = { workload: cart, agent: 'a1', instance: 'copy-1', takesOut: false };
  return {
    id: `o${drawn}`,
    key: `cause ${drawn}`,
    at: now - 1_000,
    action: 'kill-subtree',
    ...about,
    ...over,
  };
}

/** Two stops, for a minute from a second ago on. */
function lease(over: Partial<OutLease> = {}): OutLease {
  const times = { since: now - 1_000, issuedAt: now - 1_000, expiresAt: now + 59_000 };
  const about = { id: 'l1', agent: 'a2', session: 's2', workload: cart };
  return { ...about, stops: 2, ends: 0, spent: 0, ...times, settled: false, ...over };
}

function asked(charges: readonly Charge[], leases: readonly OutLease[] = []) {
  return { spending: { charges, leases }, limits: defaultBrakes, now };
}
const levels = (charges: readonly Charge[], leases: readonly OutLease[] = [], copies = 40) =>
  workloadLevels(asked(charges, leases), () => copies);

describe('how much of the budgets of a workload is gone', () => {
  it.each<[string, readonly Charge[], readonly OutLease[], [number, number], [number, number]]>([
    ['a stop', [charge()], [], [1, 0], [0, 0]],
    ['the whole copy', [charge({ action: 'freeze' }), charge({ action: 'kill' })], [], [2, 0], [0, 0]],
    ['a hold, which has a budget of its own', [charge({ action: 'hold' })], [], [0, 0], [1, 0]],
    ['one cause that came back', [charge({ key: 'k' }), charge({ key: 'k' })], [], [1, 0], [0, 0]],
    ['two causes', [charge(), charge()], [], [2, 0], [0, 0]],
    ['what is about to leave the window', [charge({ at: now - windowMs + 1 })], [], [1, 0], [0, 0]],
    ['a lease, which may be spent on either', [], [lease()], [0, 2], [0, 2]],
    ['what is left of a lease', [charge()], [lease({ spent: 1 })], [1, 1], [0, 1]],
    ['two leases', [], [lease(), lease({ id: 'l2', agent: 'a3', stops: 1 })], [0, 3], [0, 3]],
    ['a lease that ran out unheard', [], [lease({ expiresAt: now - 1 })], [0, 2], [0, 2]],
  ])('%s', (_what, charges, leases, stops, holds) => {
    const [level, ...more] = levels(charges, leases);
    const of = (used: number, leased: number, budget: number) => ({
      used,
      leased,
      budget,
      left: budget - used - leased,
    });
    expect(more).toEqual([]);
    expect(level).toMatchObject({
      workload: cart,
      stops: of(...stops, defaultBrakes.stopsPerWorkload),
      holds: of(...holds, defaultBrakes.holdsPerWorkload),
      owner: of(...stops, 10),
    });
  });

  it.each<[string, readonly Charge[], readonly OutLease[]]>([
    ['nothing at all', [], []],
    ['what left the window', [charge({ at: now - windowMs })], []],
    ['letting go', [charge({ action: 'resume' }), charge({ action: 'release' })], []],
    ['a lease of which all is told', [], [lease({ settled: true })]],
    ['a lease that is spent', [], [lease({ spent: 2 })]],
    ['a lease whose last stop would have left the window', [], [lease({ expiresAt: now - 2 * windowMs })]],
  ])('is not told of workloads of which nothing counts: %s', (_what, charges, leases) => {
    expect(levels(charges, leases)).toEqual([]);
    expect(clusterLevels(asked(charges, leases))).toEqual([]);
  });

  it('is never less than nothing: what a person ordered goes past a budget', () => {
    const [level] = levels([charge(), charge(), charge(), charge()]);
    expect(level?.stops).toEqual({ used: 4, leased: 0, budget: 3, left: 0 });
  });

  it.each([
    [40, 10],
    [7, 1],
    [1, 1],
    [0, 1],
  ])('the share of %i copies of an owner is %i', (copies, budget) => {
    expect(levels([charge()], [], copies)[0]?.owner).toEqual({
      used: 1,
      leased: 0,
      budget,
      left: budget - 1,
    });
  });

  it('counts an owner over all its digests, and each digest for itself', () => {
    const rows = levels([charge(), charge({ workload: newerDigest }), charge({ workload: other })]);
    const of = (key: string) => rows.find(({ workload }) => workload === key);
    expect([cart, newerDigest, other].map((key) => [of(key)?.stops.used, of(key)?.owner.used])).toEqual([
      [1, 2],
      [1, 2],
      [1, 1],
    ]);
  });

  it('names the leases that agents may spend at this moment, and no other', () => {
    const live = lease({ id: 'live' });
    const over = lease({ id: 'over', expiresAt: now });
    const spent = lease({ id: 'spent', spent: 2 });
    expect(levels([], [live, over, spent])[0]?.leases).toEqual([live]);
  });

  it('comes with the least left first, by name where that is the same', () => {
    const held = Array.from({ length: 9 }, () => charge({ workload: abroad, action: 'hold' }));
    const rows = levels([
      charge({ workload: other }),
      charge(),
      charge({ workload: newerDigest }),
      charge(),
      ...held,
    ]);
    expect(rows.map(({ workload }) => workload)).toEqual([
      ...[abroad, cart].toSorted(),
      ...[newerDigest, other].toSorted(),
    ]);
  });
});

describe('how much of the budgets of a cluster is gone', () => {
  it('is what is gone of all its workloads', () => {
    const charges = [
      charge(),
      charge({ workload: other }),
      charge({ workload: abroad }),
      charge({ action: 'hold' }),
    ];
    expect(clusterLevels(asked(charges, [lease({ workload: other })]))).toEqual([
      {
        cluster: 'local',
        stops: { used: 2, leased: 2, budget: 10, left: 6 },
        holds: { used: 1, leased: 2, budget: 50, left: 47 },
      },
      {
        cluster: 'b',
        stops: { used: 1, leased: 0, budget: 10, left: 9 },
        holds: { used: 0, leased: 0, budget: 50, left: 50 },
      },
    ]);
  });
});
