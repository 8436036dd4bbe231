import { describe, expect, it } from 'vitest';
import type { Incident } from '../../fingerprint/incident.ts';
import { workloadKey } from '../../fingerprint/workload.ts';
import { aDrift, anIncident, shop } from '../../test/fakes/reports.ts';
import { type BrakeReason, brakeReasons, defaultBrakes } from './brake-limits.ts';
import { braked, brakesOn, type Surroundings } from './brakes.ts';
import { type Charge, chargeKey } from './charges.ts';
import type { Decision } from './decide.ts';
import { reasonSentence } from './reason-sentence.ts';
import type { OutLease } from './spending.ts';

const now = 10_000_000;
const killing: Decision = { action: 'kill-subtree', reason: 'all-allow', mode: 'kill' };
const killingAll: Decision = { ...killing, action: 'kill' };
const holding: Decision = { ...killing, action: 'hold' };
const around: Surroundings = {
  agent: 'a1',
  session: 's1',
  hasActed: false,
  onNode: 100,
  ofOwner: 40,
  others: 5,
  agentsOfWorkload: 20,
  agentsInCluster: 50,
  isRollout: false,
  isSettling: false,
};
const foreign = anIncident();
/** The service itself reads what it never read: whoever stops that takes the copy out. */
const own = anIncident({ drifts: [{ ...aDrift, because: 'sensitive-file', lineage: ['/usr/bin/shop'] }] });

function charges(count: number, over: Partial<Charge> = {}): Charge[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `o${i}`,
    key: `cause-${i}`,
    at: now - 1000,
    action: 'kill-subtree' as const,
    workload: workloadKey(shop),
    agent: `other-${i}`,
    instance: `copy-${i}`,
    takesOut: false,
    ...over,
  }));
}

function lease(over: Partial<OutLease> = {}): OutLease {
  const times = { since: now - 1000, issuedAt: now - 1000, expiresAt: now + 59_000 };
  const about = { id: 'l1', agent: 'a2', session: 's2', workload: workloadKey(shop) };
  return { ...about, stops: 1, ends: 0, spent: 0, ...times, settled: false, ...over };
}

const another = workloadKey({ ...shop, owner: 'unit/other.service' });
const inOtherCluster = workloadKey({ ...shop, cluster: 'b' });
const newerDigest = workloadKey({
  ...shop,
  subject: { ...shop.subject, digest: `sha256:${'f'.repeat(64)}` },
});
const elsewhere = { workload: another } as const;
const disarm = {
  id: 'd1',
  scope: { kind: 'cluster', cluster: 'local' },
  author: 'ada',
  reason: 'the migration',
  since: 0,
  until: Date.UTC(2026, 0, 2),
} as const;

interface Case {
  readonly is: string;
  readonly wished?: Decision;
  readonly incident?: Incident;
  readonly charges?: readonly Charge[];
  readonly leases?: readonly OutLease[];
  readonly around?: Partial<Surroundings>;
  readonly leads: readonly [Decision['action'], Decision['reason']];
}

const go = ['kill-subtree', 'all-allow'] as const;
const cases: readonly Case[] = [
  { is: 'nothing was stopped yet', leads: go },
  { is: 'two stops of the workload', charges: charges(2), leads: go },
  { is: 'three stops of the workload', charges: charges(3), leads: ['hold', 'brake-workload'] },
  { is: 'three stops eleven minutes ago', charges: charges(3, { at: now - 660_000 }), leads: go },
  {
    is: 'three orders that may still be obeyed',
    charges: charges(3, { at: now + 60_000 }),
    leads: ['hold', 'brake-workload'],
  },
  { is: 'three orders for one cause', charges: charges(3, { key: 'same' }), leads: go },
  { is: 'three stops of another workload', charges: charges(3, elsewhere), leads: go },
  { is: 'ten stops in the cluster', charges: charges(10, elsewhere), leads: ['hold', 'brake-cluster'] },
  { is: 'ten stops in another cluster', charges: charges(10, { workload: inOtherCluster }), leads: go },
  {
    is: 'a quarter of the owner stopped, at another digest',
    charges: charges(2, { workload: newerDigest }),
    around: { ofOwner: 8 },
    leads: ['hold', 'brake-owner'],
  },
  {
    is: 'a tenth of the node stopped',
    charges: charges(2, { ...elsewhere, agent: 'a1' }),
    around: { onNode: 20 },
    leads: ['hold', 'brake-node'],
  },
  { is: 'the first stop on a small node', around: { onNode: 2 }, leads: go },
  {
    is: 'the second stop on a small node',
    charges: charges(1, { ...elsewhere, agent: 'a1' }),
    around: { onNode: 2 },
    leads: ['hold', 'brake-node'],
  },
  {
    is: 'half of the cluster budget gone to this node',
    charges: charges(5, { ...elsewhere, agent: 'a1' }),
    leads: ['hold', 'brake-node-share'],
  },
  {
    is: 'the same, and there is no other node',
    charges: charges(5, { ...elsewhere, agent: 'a1' }),
    around: { agentsInCluster: 1 },
    leads: go,
  },
  {
    is: 'half of the cluster budget gone to another node',
    charges: charges(5, { ...elsewhere, agent: 'a9' }),
    leads: go,
  },
  {
    is: 'the last copy, whole',
    wished: killingAll,
    around: { others: 0 },
    leads: ['hold', 'brake-last-instance'],
  },
  { is: 'the last copy, a foreign subtree in it', around: { others: 0 }, leads: go },
  {
    is: 'a copy whose only neighbour a lease may end',
    wished: killingAll,
    leases: [lease({ ends: 1 })],
    around: { others: 1 },
    leads: ['hold', 'brake-last-instance'],
  },
  {
    is: 'the same, and that lease is spent, but may end the copy again when it is back',
    wished: killingAll,
    leases: [lease({ ends: 1, spent: 1 })],
    around: { others: 1 },
    leads: ['hold', 'brake-last-instance'],
  },
  {
    is: 'the service of the last copy',
    wished: holding,
    incident: own,
    around: { others: 0 },
    leads: ['none', 'brake-last-instance'],
  },
  { is: 'the service of one of many copies', wished: holding, incident: own, leads: ['hold', 'all-allow'] },
  {
    is: 'the service, when a quarter of the copies is held',
    wished: holding,
    incident: own,
    charges: charges(2, { action: 'hold', takesOut: true }),
    around: { ofOwner: 8 },
    leads: ['none', 'brake-owner'],
  },
  { is: 'leases of all that is left', leases: [lease({ stops: 3 })], leads: ['hold', 'brake-workload'] },
  {
    is: 'a lease that ran out unheard nine minutes ago',
    leases: [lease({ stops: 3, expiresAt: now - 540_000 })],
    leads: ['hold', 'brake-workload'],
  },
  { is: 'a lease of long ago', leases: [lease({ stops: 3, expiresAt: now - 606_000 })], leads: go },
  { is: 'a lease that was not spent', leases: [lease({ stops: 3, settled: true })], leads: go },
  {
    is: 'a lease of this very agent',
    leases: [lease({ agent: 'a1', session: 's1' })],
    leads: ['none', 'leased'],
  },
  { is: 'a lease of its start before', leases: [lease({ agent: 'a1', session: 's0' })], leads: go },
  {
    is: 'a lease by which the agent did not act',
    leases: [lease({ agent: 'a1', session: 's1' })],
    around: { hasActed: true },
    leads: go,
  },
  { is: 'a rollout', around: { isRollout: true }, leads: ['hold', 'brake-rollout'] },
  { is: 'a node that has changed', around: { isSettling: true }, leads: ['none', 'brake-settling'] },
  { is: 'a disarmed cluster', around: { disarm }, leads: ['none', 'brake-disarmed'] },
  { is: 'nine holds and a stop', charges: charges(9, { action: 'hold' }), leads: go },
  {
    is: 'a hold after ten',
    wished: holding,
    charges: charges(10, { action: 'hold' }),
    leads: ['none', 'brake-holds'],
  },
  {
    is: 'a braked kill after ten holds',
    charges: [
      ...charges(3),
      ...charges(10, { action: 'hold', key: 'x' }),
      ...charges(10, { action: 'hold' }),
    ],
    leads: ['none', 'brake-holds'],
  },
  {
    is: 'a hold after fifty in the cluster',
    wished: holding,
    charges: charges(50, { ...elsewhere, action: 'hold' }),
    leads: ['none', 'brake-holds'],
  },
];

function run({
  wished = killing,
  incident = foreign,
  charges: spent = [],
  leases = [],
  around: over,
}: Case): Decision {
  return braked(wished, incident, { ...around, ...over }, { charges: spent, leases }, defaultBrakes, now);
}

describe('braked', () => {
  it.each(cases.map((c) => [c.is, c] as const))('%s', (_is, c) => {
    const { action, reason } = run(c);
    expect([action, reason]).toEqual(c.leads);
  });

  it('has a case for every brake', () => {
    const seen = new Set<string>(cases.map((c) => c.leads[1]));
    // What a person said is put over the decision where orders are made (collector/reactions.ts).
    for (const reason of brakeReasons.filter((r) => r !== 'brake-asked')) expect(seen).toContain(reason);
  });

  it('leaves what stops nothing alone', () => {
    const none: Decision = { action: 'none', reason: 'policy-mode', mode: 'alert' };
    expect(run({ is: '', wished: none, charges: charges(99), leads: go })).toBe(none);
  });

  it('does not count the cause itself', () => {
    const spent = charges(3, { key: chargeKey(foreign, 'a1') });
    expect(run({ is: '', charges: spent, leads: go }).action).toBe('kill-subtree');
  });
});

describe('why it was braked, in words', () => {
  it.each<[BrakeReason, Omit<Case, 'is' | 'leads'>, string]>([
    [
      'brake-workload',
      { charges: charges(3) },
      'the drifting processes are held: 3 of 3 stops of this workload in ten minutes',
    ],
    [
      'brake-cluster',
      { charges: charges(10, elsewhere) },
      'the drifting processes are held: 10 of 10 stops in this cluster in ten minutes',
    ],
    [
      'brake-owner',
      { charges: charges(1), around: { ofOwner: 3 } },
      "the drifting processes are held: 1 of 1 stops of this owner's copies in ten minutes",
    ],
    [
      'brake-node',
      { charges: charges(1, { ...elsewhere, agent: 'a1' }), around: { onNode: 2 } },
      'the drifting processes are held: 1 of 1 stops on this node in ten minutes',
    ],
    [
      'brake-node-share',
      { charges: charges(5, { ...elsewhere, agent: 'a1' }) },
      "the drifting processes are held: 5 of 5 stops that are this node's share, the rest is kept for other nodes, in ten minutes",
    ],
    [
      'brake-last-instance',
      { wished: killingAll, around: { others: 0 } },
      'the drifting processes are held: it is the last running copy of the workload',
    ],
    [
      'brake-rollout',
      { around: { isRollout: true } },
      'the drifting processes are held: the same drift shows on several nodes soon after this image first came; a person is asked',
    ],
    [
      'brake-settling',
      { around: { isSettling: true } },
      'nothing is stopped: the agent, its source or the kernel of this node changed less than half an hour ago, or the collector was restored from a backup',
    ],
    [
      'brake-holds',
      { wished: holding, charges: charges(10, { action: 'hold' }) },
      'nothing is stopped: 10 of 10 holds in ten minutes',
    ],
    [
      'brake-disarmed',
      { around: { disarm } },
      'nothing is stopped: disarmed by ada until 2026-01-02T00:00:00Z: the migration',
    ],
  ])('%s', (reason, about, sentence) => {
    const decision = run({ is: '', leads: go, ...about });
    expect([decision.reason, reasonSentence(decision)]).toEqual([reason, sentence]);
  });
});

describe('brakesOn', () => {
  it('names the last copy besides the budget: passing the one is not passing the other', () => {
    const spending = { charges: charges(3), leases: [] };
    const brakes = brakesOn('kill', foreign, { ...around, others: 0 }, spending, defaultBrakes, now);
    expect(brakes.map((b) => b.reason)).toEqual(['brake-workload', 'brake-last-instance']);
  });
});

describe('chargeKey', () => {
  const restarted: Incident = anIncident({
    id: '2'.repeat(64),
    instance: { id: 'shop-9', node: 'node-1', startedAt: 9 },
  });

  it('is one for a copy that is restarted and drifts again', () => {
    expect(chargeKey(restarted, 'a1')).toBe(chargeKey(foreign, 'a1'));
  });

  it('does not depend on which drift became the gravest', () => {
    const later = { ...aDrift, key: 'e'.repeat(64), first: 2_000_000 };
    expect(chargeKey(anIncident({ drifts: [later, aDrift] }), 'a1')).toBe(chargeKey(foreign, 'a1'));
  });

  it('is another on another node', () => {
    expect(chargeKey(foreign, 'a2')).not.toBe(chargeKey(foreign, 'a1'));
  });
});
