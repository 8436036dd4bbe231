import { describe, expect, it } from 'vitest';
import { checkOrder, type OrderContext } from '../../agent/core/orders.ts';
import { readRecord } from '../../collector/core/read-record.ts';
import { commandKeysAt } from '../../fingerprint/accepted-keys.ts';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { commandPayloadType, seal, statementPayloadType } from '../../fingerprint/envelope.ts';
import type { PrivateKey } from '../../fingerprint/keys.ts';
import type { Order, ReceiptResult } from '../../fingerprint/order.ts';
import { signOrder, verifyOrder } from '../../fingerprint/order-envelope.ts';
import { reportBytes } from '../../fingerprint/report-json.ts';
import { parseTime } from '../../fingerprint/time.ts';
import { workloadKey } from '../../fingerprint/workload.ts';
import { id, siteDocument, sitePolicy } from '../fakes/evil-trust.ts';
import { anIncident } from '../fakes/reports.ts';
import { refuses, verify } from '../fakes/signed.ts';
import { commander, stranger, vendor } from '../fakes/trust.ts';

/** Attacks with orders, by whoever holds the command key or hears what its holder said. The list is in threats.test.ts. */

const approval = { fingerprint: 'sha256:f', version: 1, signedBy: 'Operations', maxMode: 'kill' } as const;
const incident = anIncident({ approval });
const [foreign] = incident.drifts;
if (foreign === undefined) throw new Error('the incident of the tests has a drift');
const order: Order = {
  id: 'o1',
  action: 'kill-subtree',
  session: 'a'.repeat(32),
  seq: 5,
  target: {
    node: incident.instance.node,
    instance: incident.instance.id,
    process: incident.culprit,
    incident: incident.id,
  },
  reason: 'drift',
  issuedAt: '2026-05-02T08:00:00Z',
  expiresAt: '2026-05-02T08:01:00Z',
};
const now = parseTime('2026-05-02T08:00:30Z') ?? 0;
const node: OrderContext = {
  node: incident.instance.node,
  session: order.session,
  lastSeq: 4,
  now,
  incident,
  approval,
  held: false,
  stops: [],
};
/** From the bytes to what the agent does about them. */
function given(
  change: Partial<Order>,
  at: Partial<OrderContext> = {},
  key: PrivateKey = commander,
): ReceiptResult | 'go' {
  const read = verifyOrder(signOrder({ ...order, ...change }, key), [commander.publicKey]);
  const check = checkOrder(read, { ...node, ...at });
  return check.go ? 'go' : check.receipt.result;
}
const target = (change: Partial<Order['target']>): Partial<Order> => ({
  target: { ...order.target, ...change },
});

describe('stolen command key', () => {
  it('stops what drifts in the agent’s own eyes, as the genuine order would', () => {
    expect(given({})).toBe('go');
  });

  it.each<[string, Partial<Order>, Partial<OrderContext>, ReceiptResult]>([
    ['a process that has not drifted', target({ process: { pid: 1, start: 1 } }), {}, 'refused-no-drift'],
    ['an incident that the agent has not seen', {}, { incident: undefined }, 'refused-no-drift'],
    ['a neighbour, named as the instance', target({ instance: 'neighbour' }), {}, 'refused-no-drift'],
    [
      'a known program that was made to drift',
      {},
      { incident: { ...incident, drifts: [{ ...foreign, because: 'new-file' }] } },
      'refused-protected',
    ],
    [
      'more than a person approved',
      {},
      { approval: { ...approval, maxMode: 'freeze' } },
      'refused-protected',
    ],
    ['what nobody approved', {}, { approval: undefined }, 'refused-protected'],
    [
      'one after the other',
      {},
      {
        stops: Array(3).fill({
          at: now - 1,
          incident: 'earlier',
          workload: workloadKey(incident.workload),
          mode: 'kill',
        }),
      },
      'refused-rate',
    ],
  ])('does not stop %s', (_what, change, at, result) => {
    expect(given(change, at)).toBe(result);
  });

  it('does not sign fingerprints, and who signs fingerprints gives no orders', () => {
    expect(() => given({}, {}, vendor)).toThrow(refuses('UNKNOWN_KEY'));
    expect(() => given({}, {}, stranger)).toThrow(refuses('UNKNOWN_KEY'));
    const asStatement = seal(statementPayloadType, canonicalBytes(order), [commander]);
    expect(() => verifyOrder(asStatement, [commander.publicKey])).toThrow(refuses('PAYLOAD_TYPE'));
    expect(() => verify(signOrder(order, commander))).toThrow(refuses('PAYLOAD_TYPE'));
  });

  it('gives no orders any more once the policy takes it back, or its time is over', () => {
    const at = Date.UTC(2026, 4, 3);
    const mine = ['registry.example/a', 'registry.example/b'] as const;
    const orders = (more: object): readonly unknown[] => commandKeysAt(sitePolicy(...mine, more), at);
    expect(orders({})).toEqual([commander.publicKey]);
    const taken = { [id('commander')]: { at: '2026-05-02T00:00:00Z', reason: 'collector taken over' } };
    expect(orders({ revoked: { keys: taken } })).toEqual([]);
    expect(orders({ retired: { [id('commander')]: { at: '2026-05-02T00:00:00Z' } } })).toEqual([]);
    const keys = siteDocument(...mine).keys as Record<string, object>;
    const over = {
      ...keys,
      [id('commander')]: { ...keys[id('commander')], notAfter: '2026-05-02T00:00:00Z' },
    };
    expect(orders({ keys: over })).toEqual([]);
    expect(() => verifyOrder(signOrder(order, commander), [])).toThrow(refuses('UNKNOWN_KEY'));
  });

  it('cannot be used under a condition that the agent does not know', () => {
    const conditional = canonicalBytes({ ...order, onlyIf: 'approved twice' });
    const bytes = seal(commandPayloadType, conditional, [commander]);
    expect(() => verifyOrder(bytes, [commander.publicKey])).toThrow(refuses('SCHEMA', 'onlyIf'));
  });
});

describe('replayed / delayed / redirected kill', () => {
  it.each<[string, Partial<Order>, Partial<OrderContext>, ReceiptResult]>([
    ['again on the same stream', {}, { lastSeq: 5 }, 'refused-sequence'],
    ['after a later one', {}, { lastSeq: 6 }, 'refused-sequence'],
    ['on a second stream', {}, { session: 'b'.repeat(32) }, 'refused-session'],
    ['on a second node', {}, { node: 'node-2' }, 'refused-node'],
    ['a minute later', {}, { now: now + 60_000_000 }, 'refused-expired'],
    ['kept for a day', { expiresAt: '2026-05-03T08:00:00Z' }, {}, 'refused-expired'],
    ['before its time', {}, { now: now - 120_000_000 }, 'refused-expired'],
    [
      'when the pid is another process',
      {},
      { incident: { ...incident, culprit: { ...incident.culprit, start: 1 }, drifts: [] } },
      'refused-no-drift',
    ],
  ])('%s', (_how, change, at, result) => {
    expect(given(change, at)).toBe(result);
    expect(given({})).toBe('go');
  });
});

describe('root on node', () => {
  it('can lie about that node and no other', () => {
    const from = { node: incident.instance.node, cluster: incident.workload.cluster };
    const lie = reportBytes({ type: 'incident', incident });
    expect(readRecord('incident', lie, from)).toMatchObject({ report: { type: 'incident' } });
    expect(readRecord('incident', lie, { ...from, node: 'node-2' })).toEqual({
      refused: 'it is about another node',
    });
    expect(readRecord('incident', lie, { ...from, cluster: 'other' })).toEqual({
      refused: 'it is about another cluster',
    });
    // An order it hears is worth nothing elsewhere: bound to this node and this start of its agent.
    expect(given({}, { node: 'node-2' })).toBe('refused-node');
  });
});
