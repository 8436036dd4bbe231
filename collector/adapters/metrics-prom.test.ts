import { afterEach, describe, expect, it } from 'vitest';
import type { Levels } from '../ports/metrics.ts';
import { PrometheusMetrics } from './metrics-prom.ts';

const levels: Levels = {
  agentsConnected: 2,
  recordsStored: 10,
  recordsRefused: 1,
  recordsMissing: 3,
  storeRetries: 0,
  storeWaiting: 0,
  reactionsWaiting: 0,
  reactionsDropped: 0,
  auditEntries: 12,
  auditMismatch: 0,
  auditSinksFailing: 0,
  notifySinksFailing: 1,
  notifySinksStopped: 0,
  notifyWaiting: 3,
  notifyDead: 0,
  notifyDropped: 0,
  eventFollowers: 1,
};

let metrics: PrometheusMetrics;
afterEach(() => metrics.close());

async function listening(over: { levels?: () => Promise<Levels>; ready?: () => Promise<boolean> } = {}) {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  metrics = new PrometheusMetrics(log);
  const address = await metrics.listen('127.0.0.1:0', {
    levels: async () => levels,
    ready: async () => true,
    ...over,
  });
  return (path: string, init?: RequestInit) => fetch(`http://${address}${path}`, init);
}

describe('/metrics', () => {
  it('has every series from the beginning, counts, and looks up what is cheap', async () => {
    const get = await listening();
    const before = await (await get('/metrics')).text();
    expect(before).toContain('whorl_brakes_total{reason="brake-cluster"} 0\n');
    metrics.incident('high');
    metrics.order('hold');
    metrics.receipt('done');
    metrics.brake('brake-cluster');
    const answered = {
      method: 'GET',
      route: '/api/v1/status',
      status: 200,
      ms: 30,
      who: 'x',
      id: 'y',
      isStream: false,
    };
    metrics.answered(answered);
    metrics.answered({ ...answered, method: 'EVIL"}', status: 404 });
    metrics.answered({ ...answered, route: '/api/v1/events', ms: 1e9, isStream: true });
    const text = await (await get('/metrics')).text();
    for (const line of [
      'whorl_incidents_total{severity="high"} 1',
      'whorl_orders_total{action="hold"} 1',
      'whorl_receipts_total{result="done"} 1',
      'whorl_brakes_total{reason="brake-cluster"} 1',
      'whorl_http_request_duration_seconds_count{method="GET",route="/api/v1/status",status="2xx"} 1',
      'whorl_http_request_duration_seconds_count{method="other",route="/api/v1/status",status="4xx"} 1',
      'whorl_agents_connected 2',
      'whorl_records_missing_total 3',
      'whorl_store_up 1',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).toContain('nodejs_eventloop_lag');
    expect(text).not.toMatch(/EVIL|v1\/events/);
  });

  it('goes on without the store, and says so', async () => {
    let fails = false;
    const get = await listening({
      levels: async () => {
        if (fails) throw new Error('disk');
        return levels;
      },
    });
    await get('/metrics');
    fails = true;
    const text = await (await get('/metrics')).text();
    expect(text).toContain('whorl_store_up 0\n');
    // A total that falls to nothing reads as a restart.
    expect(text).toContain('whorl_records_stored_total 10\n');
  });
});

it('tells health apart from readiness, and knows nothing else', async () => {
  const get = await listening({ ready: async () => false });
  const codes = ['/healthz', '/readyz', '/other'].map(async (path) => (await get(path)).status);
  expect(await Promise.all(codes)).toEqual([200, 503, 404]);
  expect((await get('/metrics', { method: 'POST' })).status).toBe(405);
});
