import type { InjectOptions } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aCaller, fakeApi, fakeServices } from '../test/fakes/api.ts';
import { BrakedCollector } from '../test/fakes/braked-collector.ts';
import { aDrift, anIncident } from '../test/fakes/reports.ts';
import { stopServices, stopStatus } from './api-stops.ts';
import type { Role, Scope } from './ports/access.ts';
import type { Caller } from './ports/api.ts';
import type { NodeIncident } from './ports/nodes.ts';

const on = (copy: string) => ({ id: copy, node: 'node-a1', startedAt: 5 });
const first = anIncident({ instance: on('copy-1') });
const second = anIncident({ id: '2'.repeat(64), instance: on('copy-2') });
const otherDrift = { ...aDrift, key: 'e'.repeat(64) };
const elsewhere = anIncident({
  id: '3'.repeat(64),
  instance: on('copy-3'),
  workload: { ...first.workload, namespace: 'bank' },
});
const place = first.workload;
const silent: NodeIncident = {
  id: 7,
  agent: 'a1',
  node: 'node-a1',
  cluster: place.cluster,
  kind: 'silent',
  opened: 1,
  last: 2,
  count: 1,
  detail: 'nothing is heard of it',
};

const whole: Scope = { clusters: [], namespaces: [] };
const callers: Readonly<Record<string, Caller>> = {
  viewer: named('viewer', whole),
  responder: named('responder', whole),
  scoped: named('responder', { clusters: [], namespaces: [place.namespace] }, 'scoped'),
  bank: named('responder', { clusters: [], namespaces: ['bank'] }, 'bank'),
  cluster: named('responder', { clusters: [place.cluster], namespaces: [] }, 'cluster'),
};

function named(role: Role, scope: Scope, name: string = role): Caller {
  const caller = aCaller(role, scope);
  return { ...caller, name, key: `token:${name}` };
}

let c: BrakedCollector;
let app: Awaited<ReturnType<typeof fakeApi>>;
beforeEach(async () => {
  c = await BrakedCollector.start();
  c.policy = { ...c.policy, mode: 'alert' };
  const { access } = fakeServices();
  const nodes = { incidents: async () => [silent], losses: async () => [] };
  const stops = stopServices({ stopping: c.stopping, nodes, store: c.store });
  app = await fakeApi({
    access: { ...access, authenticate: async (token) => callers[token] },
    status: {
      status: (caller) => stopStatus({ stopping: c.stopping, nodes, store: c.store }, caller),
      ready: async () => true,
    },
    stops,
  });
  await c.agent('a1', ['copy-1', 'copy-2', 'copy-3']);
});
afterEach(async () => {
  await app.close();
  await c.stop();
});

async function call(who: string, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) {
  const asked: InjectOptions = {
    method,
    url: `/api/v1${path}`,
    headers: { authorization: `Bearer ${who}` },
    ...(body === undefined ? {} : { payload: body }),
  };
  const answer = await app.inject(asked);
  return { status: answer.statusCode, body: answer.json() };
}
const order = (over: object = {}, who = 'responder') =>
  call(who, 'POST', '/orders', { action: 'hold', incidents: [first.id], reason: 'ticket 7', ...over });
const actions = () => c.orders.map((o) => o.action);

describe('who may have something stopped', () => {
  it.each<[string, string, Parameters<typeof call>[1], string, object | undefined, number]>([
    [
      'a viewer orders',
      'viewer',
      'POST',
      '/orders',
      { action: 'hold', incidents: [first.id], reason: 'x' },
      403,
    ],
    [
      'a viewer asks what would be',
      'viewer',
      'POST',
      '/orders/plan',
      { action: 'hold', incidents: [first.id] },
      403,
    ],
    ['a viewer releases', 'viewer', 'POST', '/held-orders/x/release', { reason: 'x' }, 403],
    [
      'a viewer disarms',
      'viewer',
      'POST',
      '/disarms',
      { scope: { kind: 'cluster', cluster: 'local' }, hours: 1, reason: 'x' },
      403,
    ],
    ['a viewer rearms', 'viewer', 'DELETE', '/disarms/x?reason=x', undefined, 403],
    ['a viewer looks at orders', 'viewer', 'GET', '/orders', undefined, 200],
    ['a viewer looks at what waits', 'viewer', 'GET', '/held-orders?state=waiting', undefined, 200],
    ['a viewer looks at budgets', 'viewer', 'GET', '/brakes', undefined, 200],
    [
      'a responder of another namespace orders',
      'bank',
      'POST',
      '/orders',
      { action: 'hold', incidents: [first.id], reason: 'x' },
      404,
    ],
    [
      '… names the occurrence',
      'bank',
      'POST',
      '/orders',
      { action: 'hold', occurrences: [first.id], reason: 'x' },
      404,
    ],
    ['… asks what would be', 'bank', 'POST', '/orders/plan', { action: 'hold', incidents: ['0'] }, 404],
    ['nothing is named', 'responder', 'POST', '/orders', { action: 'hold', reason: 'x' }, 400],
    ['no reason is given', 'responder', 'POST', '/orders', { action: 'hold', incidents: [first.id] }, 400],
    [
      'an author is claimed',
      'responder',
      'POST',
      '/orders',
      { action: 'hold', incidents: [first.id], reason: 'x', author: 'eve' },
      400,
    ],
    [
      'another action',
      'responder',
      'POST',
      '/orders',
      { action: 'reboot', incidents: [first.id], reason: 'x' },
      400,
    ],
    ['what nobody knows is released', 'responder', 'POST', '/held-orders/x/release', { reason: 'x' }, 404],
    ['what is armed is rearmed', 'responder', 'DELETE', '/disarms/x?reason=x', undefined, 404],
  ])('%s', async (_, who, method, path, body, status) => {
    await c.incident('a1', first);
    expect((await call(who, method, path, body)).status).toBe(status);
    expect(c.orders).toEqual([]);
  });
});

describe('an order over the API', () => {
  it('is given in the name of whoever is authenticated, and is listed with its receipt', async () => {
    await c.incident('a1', first);
    const { status, body } = await order({}, 'scoped');
    expect([status, body.outcomes]).toMatchObject([200, [{ result: 'ordered', incident: first.id }]]);
    expect(c.orders[0]?.reason).toContain('(scoped: ticket 7)');
    const id = c.orders[0]?.id ?? '';
    expect((await call('scoped', 'GET', '/orders?state=sent')).body.items).toMatchObject([
      { id, action: 'hold', state: 'sent', incident: first.id, workload: { owner: place.owner } },
    ]);
    await c.receipt('a1', { order: id, incident: first.id, result: 'done', action: 'hold', stopped: [9] });
    expect((await call('viewer', 'GET', `/orders?incident=${first.id}`)).body.items).toMatchObject([
      { id, state: 'done', receipt: { stopped: [9] } },
    ]);
    expect((await call('bank', 'GET', '/orders')).body.items).toEqual([]);
  });

  it('of an incident is one for each of its copies that runs, and of an occurrence one', async () => {
    await c.incident('a1', first, second);
    await order({ occurrences: [first.id], incidents: [] });
    expect(c.orders.map((o) => o.target.instance)).toEqual(['copy-1']);
    await order();
    expect(c.orders.map((o) => o.target.instance).toSorted()).toEqual(['copy-1', 'copy-1', 'copy-2']);
  });

  it('is not given where no copy runs any more', async () => {
    await c.incident('a1', anIncident({ instance: on('copy-9') }));
    expect((await order()).body).toMatchObject({
      status: 409,
      detail: expect.stringContaining('runs any more'),
    });
  });

  it('says what stands in the way, and the word that passes it', async () => {
    const again = anIncident({ id: '4'.repeat(64), instance: on('copy-1'), drifts: [otherDrift] });
    await c.incident('a1', first, again);
    const kill = { action: 'kill-subtree' };
    await order(kill);
    const { status, body } = await order({ ...kill, incidents: [again.id] });
    expect([status, body.code]).toEqual([409, 'stop-held-back']);
    expect(body.refusals).toEqual([
      {
        incident: again.id,
        result: 'refused',
        code: 'needs-force',
        force: ['budget'],
        sentence: `nothing is stopped: 1 of 1 stops of this owner's copies in ten minutes; to do it nonetheless, repeat it with force "budget"`,
      },
    ]);
    expect((await order({ ...kill, incidents: [again.id], force: ['budget'] })).status).toBe(200);
    expect(actions()).toEqual(['kill-subtree', 'kill-subtree']);
  });

  it('is refused for good where nobody approved it', async () => {
    const { approval: _, ...unapproved } = first;
    await c.incident('a1', unapproved);
    const { status, body } = await order();
    expect([status, body.code, body.refusals[0].code]).toEqual([422, 'stop-refused', 'no-approval']);
  });

  it('is planned with the same words, one after the other, and changes nothing', async () => {
    const again = anIncident({ id: '4'.repeat(64), instance: on('copy-2'), drifts: [otherDrift] });
    await c.incident('a1', first, again);
    const { body } = await call('responder', 'POST', '/orders/plan', {
      action: 'kill',
      incidents: [first.id.slice(0, 6), '4'],
    });
    expect(body.plans).toMatchObject([
      { result: 'would-order', instance: { id: 'copy-1' }, workload: { owner: place.owner }, brakes: [] },
      { result: 'refused', code: 'needs-force', force: ['budget'], instance: { id: 'copy-2' } },
    ]);
    expect([c.orders, c.audited, c.stopping.ledger.spending.charges]).toEqual([[], [], []]);
  });
});

describe('what a brake held back', () => {
  const again = anIncident({ id: '4'.repeat(64), instance: on('copy-1'), drifts: [otherDrift] });
  beforeEach(async () => {
    c.policy = { ...c.policy, mode: 'kill' };
    await c.incident('a1', first, again);
  });
  const waiting = async (who: string) =>
    (await call(who, 'GET', '/held-orders?state=waiting')).body.items as { id: string }[];

  it('is for those who see its namespace to release', async () => {
    const [held] = await waiting('scoped');
    expect(held).toMatchObject({
      occurrence: again.id,
      wanted: 'kill-subtree',
      done: 'hold',
      state: 'waiting',
    });
    expect(await waiting('bank')).toEqual([]);
    const path = `/held-orders/${held?.id}/release`;
    expect((await call('bank', 'POST', path, { reason: 'x' })).status).toBe(404);
    expect((await call('scoped', 'POST', path, { reason: 'an attack' })).status).toBe(200);
    expect(c.orders.at(-1)?.reason).toContain('(scoped: an attack)');
    expect((await call('scoped', 'POST', path, { reason: 'once more' })).status).toBe(409);
    expect(await waiting('scoped')).toEqual([]);
  });

  it('is let go when it is cancelled', async () => {
    const [held] = await waiting('responder');
    await call('responder', 'POST', `/held-orders/${held?.id}/cancel`, { reason: 'a test' });
    expect(actions().at(-1)).toBe('resume');
  });

  it('is explained by the budgets', async () => {
    const { body } = await call('scoped', 'GET', '/brakes');
    expect(body).toMatchObject({
      clusters: [],
      workloads: [
        { owner: { used: 1, leased: 0, budget: 1, left: 0 }, stops: { used: 1, budget: 3, left: 2 } },
      ],
    });
    expect((await call('responder', 'GET', '/brakes')).body.clusters).toMatchObject([
      { cluster: place.cluster, stops: { used: 1, left: 9 } },
    ]);
    expect((await call('bank', 'GET', '/brakes')).body.workloads).toEqual([]);
  });
});

describe('a place that is disarmed', () => {
  const cluster = { kind: 'cluster', cluster: place.cluster };
  const namespace = { kind: 'namespace', cluster: place.cluster, namespace: place.namespace };
  it.each<[string, object, object, number]>([
    ['responder', cluster, { hours: 24 }, 200],
    ['cluster', cluster, { hours: 1 }, 200],
    ['scoped', cluster, { hours: 1 }, 403],
    ['scoped', namespace, { hours: 1 }, 200],
    ['bank', namespace, { hours: 1 }, 403],
    ['bank', { ...namespace, namespace: 'bank', kind: 'workload', owner: 'Deployment/x' }, { hours: 1 }, 200],
    ['cluster', { kind: 'cluster', cluster: 'another' }, { hours: 1 }, 403],
    ['responder', cluster, { hours: 25 }, 400],
    ['responder', cluster, {}, 400],
    ['responder', cluster, { hours: 1, until: 1 }, 400],
    ['responder', cluster, { until: 1 }, 400],
    ['responder', { kind: 'namespace', cluster: 'c' }, { hours: 1 }, 400],
  ])('by %s: %j for %j', async (who, scope, span, status) => {
    expect((await call(who, 'POST', '/disarms', { scope, ...span, reason: 'x' })).status).toBe(status);
    expect(c.disarms.all).toHaveLength(status === 200 ? 1 : 0);
  });

  it('stops nothing, is told to whomever it concerns, and ends by itself', async () => {
    c.policy = { ...c.policy, mode: 'kill' };
    await call('responder', 'POST', '/disarms', { scope: cluster, hours: 2, reason: 'migration' });
    await c.incident('a1', first);
    expect(c.orders).toEqual([]);
    expect((await call('scoped', 'GET', '/disarms')).body.items).toMatchObject([
      { author: 'responder', reason: 'migration' },
    ]);
    expect((await call('scoped', 'GET', '/status')).body.brakes.disarms).toHaveLength(1);
    const [disarm] = c.disarms.all;
    expect((await call('scoped', 'DELETE', `/disarms/${disarm?.id}?reason=x`)).status).toBe(403);
    c.now += 2 * 3_600_000;
    expect((await call('responder', 'GET', '/disarms')).body.items).toEqual([]);
    await c.incident('a1', second);
    expect(actions()).toEqual(['kill-subtree']);
  });

  it('is armed again by a person, and says how much it is about', async () => {
    await c.incident('a1', first, elsewhere);
    const made = await call('responder', 'POST', '/disarms', { scope: namespace, hours: 1, reason: 'x' });
    expect(made.body.workloads).toBe(1);
    const path = `/disarms/${made.body.disarm.id}?reason=done`;
    expect((await call('scoped', 'DELETE', path)).status).toBe(200);
    expect(c.audited.map((entry) => [entry.type, entry.author])).toEqual([
      ['disarmed', 'responder'],
      ['rearmed', 'scoped'],
    ]);
  });
});

describe('what is wrong with nodes', () => {
  it('is for those who see whole clusters', async () => {
    expect((await call('viewer', 'GET', '/node-incidents?open=true&kind=silent')).body.items).toEqual([
      silent,
    ]);
    expect((await call('cluster', 'GET', '/status')).body.nodeIncidents).toEqual([silent]);
    expect((await call('scoped', 'GET', '/node-incidents')).body.items).toEqual([]);
    expect((await call('scoped', 'GET', '/status')).body.nodeIncidents).toEqual([]);
  });
});
