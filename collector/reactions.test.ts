import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Incident } from '../fingerprint/incident.ts';
import { aDrift, anIncident } from '../test/fakes/reports.ts';
import { arbIncident, arbPolicyDocument } from '../test/fakes/response-policies.ts';
import { PolicyDecisions } from './core/decide.ts';
import { parseResponsePolicy } from './core/parse-response-policy.ts';
import { defaultPolicy, type ResponsePolicy } from './core/response-policy.ts';
import type { AgentLink, DecisionRow, DriftStore, OrderRow } from './ports.ts';
import { Reactions } from './reactions.ts';

const link: AgentLink = {
  hello: {
    agent: 'a1',
    node: 'node-1',
    cluster: 'local',
    session: 's1',
    version: '1',
    source: 'sensor',
    coverage: [],
    acked: 0,
  },
  order: () => undefined,
  lease: () => undefined,
  fingerprint: () => undefined,
  refuse: () => undefined,
};

/** What reactions need of the store, and what they wrote. */
function rig(policy: ResponsePolicy) {
  const decisions: DecisionRow[] = [];
  const orders: Omit<OrderRow, 'receipt'>[] = [];
  const store: Pick<DriftStore, 'running' | 'incidents' | 'saveDecision' | 'ordersSince'> = {
    running: async () => ({ onNode: 10, ofWorkload: 3 }),
    incidents: async () => [],
    ordersSince: async () => [],
    saveDecision: async (decision, order) => {
      decisions.push(decision);
      if (order !== undefined) orders.push(order);
      return true;
    },
  };
  const current = { policy: new PolicyDecisions(policy) };
  const reactions = new Reactions({
    // The rest of the store is not asked for anything here.
    store: store as DriftStore,
    signer: { sign: () => new Uint8Array() },
    policy: () => current.policy,
    linkOf: () => link,
    newId: () => 'order',
    now: () => 1_000,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    tell: () => undefined,
  });
  return { reactions, decisions, orders, current };
}

const cause = (i: number): Incident => {
  const key = i.toString(16).padStart(64, '0');
  return anIncident({ id: key, drifts: [{ ...aDrift, key }] });
};
const killing: ResponsePolicy = {
  ...defaultPolicy,
  mode: 'kill',
  limits: { ...defaultPolicy.limits, nodeShare: 1 },
};

describe('a dry run', () => {
  it('records what would have been done, and orders nothing', async () => {
    const { reactions, decisions, orders } = rig({ ...killing, dryRun: true });
    reactions.incident(anIncident(), 'a1');
    await reactions.settled();
    expect(orders).toEqual([]);
    expect(decisions).toMatchObject([
      { action: 'none', reason: 'dry-run', would: { action: 'kill-subtree', reason: 'all-allow' } },
    ]);
  });

  it('is braked as if it were done', async () => {
    const { reactions, decisions } = rig({ ...killing, dryRun: true });
    for (let i = 1; i <= 5; i += 1) reactions.incident(cause(i), 'a1');
    await reactions.settled();
    expect(decisions.map((d) => d.would?.reason)).toEqual([
      'all-allow',
      'all-allow',
      'all-allow',
      'brake-workload',
      'brake-workload',
    ]);
    expect(decisions.map((d) => d.would?.action).at(-1)).toBe('hold');
  });

  it('counts a cause once however often it is told', async () => {
    const { reactions, decisions } = rig({ ...killing, dryRun: true });
    for (let i = 0; i < 5; i += 1) {
      reactions.incident(cause(1), 'a1');
      await reactions.settled();
    }
    reactions.incident(cause(2), 'a1');
    await reactions.settled();
    expect(decisions.at(-1)?.would).toEqual({ action: 'kill-subtree', reason: 'all-allow' });
  });

  it('takes nothing from the budget of what is done', async () => {
    const { reactions, orders, current } = rig({ ...killing, dryRun: true });
    for (let i = 1; i <= 5; i += 1) reactions.incident(cause(i), 'a1');
    await reactions.settled();
    current.policy = new PolicyDecisions(killing);
    for (let i = 6; i <= 8; i += 1) reactions.incident(cause(i), 'a1');
    await reactions.settled();
    expect(orders.map((o) => o.order.action)).toEqual(['kill-subtree', 'kill-subtree', 'kill-subtree']);
  });

  it('never orders anything, whatever the policy and the incident', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbPolicyDocument,
        fc.array(arbIncident, { maxLength: 4 }),
        async (document, incidents) => {
          const rules = document.rules.map((rule) => ({ ...rule, dryRun: true }));
          const parsed = parseResponsePolicy({ ...document, dryRun: true, rules });
          if (parsed.kind === 'refused') throw new Error(parsed.problems.join('; '));
          const { reactions, orders, decisions } = rig(parsed.policy);
          for (const incident of incidents) {
            reactions.incident(incident, 'a1');
            await reactions.settled();
          }
          expect(orders).toEqual([]);
          expect(decisions.every((d) => d.action === 'none')).toBe(true);
        },
      ),
    );
  });
});

describe('a rule', () => {
  it('brakes by its own limits, and is named in the order and on record', async () => {
    const rule = { name: 'careful', match: {}, mode: 'kill' as const, limits: { stopsPerWorkload: 1 } };
    const { reactions, decisions, orders } = rig({ ...killing, rules: [rule] });
    for (let i = 1; i <= 2; i += 1) reactions.incident(cause(i), 'a1');
    await reactions.settled();
    expect(decisions).toMatchObject([
      { action: 'kill-subtree', rule: 'careful' },
      { action: 'hold', reason: 'brake-workload', rule: 'careful' },
    ]);
    expect(orders[0]?.order.reason).toMatch(/are killed: .* \(rule careful\)$/);
  });
});
