import { describe, expect, it } from 'vitest';
import type { Incident } from '../../fingerprint/incident.ts';
import { workloadKey } from '../../fingerprint/workload.ts';
import { aDrift, anIncident, shop } from '../../test/fakes/reports.ts';
import { type BrakeReason, braked, brakeReasons, type Charge, chargeKey, defaultBrakes } from './brakes.ts';
import type { Decision } from './decide.ts';

const now = 1_000_000;
const killing: Decision = { action: 'kill-subtree', reason: 'all-allow', mode: 'kill' };
const around = { agent: 'a1', onNode: 100, ofWorkload: 5 };
const incident = anIncident();

function charges(count: number, over: Partial<Charge> = {}): Charge[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `cause-${i}`,
    at: now - 1000,
    action: 'kill-subtree' as const,
    workload: workloadKey(shop),
    cluster: shop.cluster,
    agent: 'other',
    ...over,
  }));
}

const elsewhere = { workload: 'another' } as const;
const cases: [
  string,
  Decision,
  Charge[],
  Partial<typeof around>,
  Decision['action'],
  BrakeReason | 'all-allow',
][] = [
  ['nothing was stopped yet', killing, [], {}, 'kill-subtree', 'all-allow'],
  ['two stops of the workload', killing, charges(2), {}, 'kill-subtree', 'all-allow'],
  ['three stops of the workload', killing, charges(3), {}, 'hold', 'brake-workload'],
  [
    'three stops eleven minutes ago',
    killing,
    charges(3, { at: now - 660_000 }),
    {},
    'kill-subtree',
    'all-allow',
  ],
  ['three orders for one cause', killing, charges(3, { key: 'same' }), {}, 'kill-subtree', 'all-allow'],
  ['three stops of another workload', killing, charges(3, elsewhere), {}, 'kill-subtree', 'all-allow'],
  ['ten stops in the cluster', killing, charges(10, elsewhere), {}, 'hold', 'brake-cluster'],
  [
    'ten stops in another cluster',
    killing,
    charges(10, { ...elsewhere, cluster: 'b' }),
    {},
    'kill-subtree',
    'all-allow',
  ],
  [
    'a tenth of the node stopped',
    killing,
    charges(2, { ...elsewhere, agent: 'a1' }),
    { onNode: 20 },
    'hold',
    'brake-node',
  ],
  ['the first stop on a small node', killing, [], { onNode: 2 }, 'kill-subtree', 'all-allow'],
  [
    'the second stop on a small node',
    killing,
    charges(1, { ...elsewhere, agent: 'a1' }),
    { onNode: 2 },
    'hold',
    'brake-node',
  ],
  [
    'holds do not spend the budget of kills',
    killing,
    charges(9, { action: 'hold' }),
    {},
    'kill-subtree',
    'all-allow',
  ],
  [
    'the last copy, whole container',
    { ...killing, action: 'kill' },
    [],
    { ofWorkload: 1 },
    'hold',
    'brake-last-instance',
  ],
  ['the last copy, subtree', killing, [], { ofWorkload: 1 }, 'kill-subtree', 'all-allow'],
  [
    'a hold after ten holds',
    { ...killing, action: 'hold' },
    charges(10, { action: 'hold' }),
    {},
    'none',
    'brake-holds',
  ],
  [
    'a braked kill after ten holds',
    killing,
    [...charges(3), ...charges(10, { action: 'hold' })],
    {},
    'none',
    'brake-holds',
  ],
  [
    'a hold after fifty in the cluster',
    { ...killing, action: 'hold' },
    charges(50, { ...elsewhere, action: 'hold' }),
    {},
    'none',
    'brake-holds',
  ],
];

describe('braked', () => {
  it.each(cases)('%s', (_name, decision, spent, surroundings, action, reason) => {
    const result = braked(decision, incident, { ...around, ...surroundings }, spent, defaultBrakes, now);
    expect(result).toMatchObject({ action, reason });
  });

  it('has a case for every reason', () => {
    const seen = new Set<string>(cases.map(([, , , , , reason]) => reason));
    for (const reason of brakeReasons) expect(seen).toContain(reason);
  });

  it('leaves what stops nothing alone', () => {
    const none: Decision = { action: 'none', reason: 'policy-mode', mode: 'alert' };
    expect(braked(none, incident, around, charges(99), defaultBrakes, now)).toBe(none);
  });

  it('does not count the cause itself', () => {
    const own = charges(3, { key: chargeKey(incident, 'a1') });
    expect(braked(killing, incident, around, own, defaultBrakes, now).action).toBe('kill-subtree');
  });
});

describe('chargeKey', () => {
  const restarted: Incident = anIncident({
    id: '2'.repeat(64),
    instance: { id: 'shop-9', node: 'node-1', startedAt: 9 },
  });

  it('is one for a copy that is restarted and drifts again', () => {
    expect(chargeKey(restarted, 'a1')).toBe(chargeKey(incident, 'a1'));
  });

  it('does not depend on which drift became the gravest', () => {
    const later = { ...aDrift, key: 'e'.repeat(64), first: 2_000_000 };
    expect(chargeKey(anIncident({ drifts: [later, aDrift] }), 'a1')).toBe(chargeKey(incident, 'a1'));
  });

  it('is another on another node', () => {
    expect(chargeKey(incident, 'a2')).not.toBe(chargeKey(incident, 'a1'));
  });
});
