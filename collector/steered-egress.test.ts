import { afterEach, expect, it } from 'vitest';
import { IncidentBook } from '../fingerprint/incidents.ts';
import { furthestReaction } from '../fingerprint/response.ts';
import { BrakedCollector } from '../test/fakes/braked-collector.ts';
import { anApproval, shop } from '../test/fakes/reports.ts';
import { leaseResponse, resolve } from './core/response-policy.ts';

let c: BrakedCollector;
afterEach(() => c.stop());

/** What one request without a password makes a fetcher do: ask for a name, connect to it, to an address, to one inside. */
const led = ['new-name', 'new-peer', 'first-egress', 'rebinding'] as const;

it('1 000 requests that lead a known program anywhere have nothing held and nothing killed, by collector or lease', async () => {
  c = await BrakedCollector.start();
  await c.agent('a1', ['shop-1', 'shop-2', 'shop-3']);
  expect(c.policy.mode).toBe('kill');
  const lease = leaseResponse(resolve(c.policy, shop));
  // Each request finds another worker, and the incidents of what is far enough apart are others.
  const book = new IncidentBook();
  for (let n = 0; n < 1_000; n += 1) {
    const because = led[n % led.length] ?? 'new-peer';
    const actor = { root: 'entrypoint', lineage: ['/usr/bin/shop'] } as const;
    const name = `host-${n}.evil.example`;
    const behaviour =
      because === 'new-name'
        ? ({ ...actor, kind: 'resolve', name } as const)
        : ({ ...actor, kind: 'connect', transport: 'tcp', peer: name, port: 443 } as const);
    const process = { pid: 1_000 + n, start: n };
    const incident = book.add({
      workload: shop,
      instance: { id: 'shop-1', node: 'node-a1', startedAt: 5 },
      behaviour,
      verdict: { kind: 'drift', of: behaviour.kind, because },
      process,
      culprit: process,
      time: 1_000_000 + n * 5_000_000,
      approval: anApproval,
    });
    if (incident === undefined) throw new Error('a new drift is told');
    expect(furthestReaction(incident, lease)).toEqual({ mode: 'alert', reason: 'steerable' });
    await c.incident('a1', incident);
  }
  expect(c.orders).toEqual([]);
  expect(await c.held.list('waiting', 10)).toEqual([]);
}, 120_000);
