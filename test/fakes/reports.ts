import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { Drift, Incident } from '../../fingerprint/incident.ts';
import type { Report } from '../../fingerprint/report.ts';
import type { Workload } from '../../fingerprint/workload.ts';

/** Small, valid domain objects for tests of storage, transport and decisions. */

export const shop: Workload = {
  cluster: 'local',
  namespace: 'default',
  owner: 'unit/shop.service',
  container: 'shop',
  role: 'main',
  subject: { name: 'example/shop', digest: `sha256:${'a'.repeat(64)}` },
};

export const aDrift: Drift = {
  key: 'd'.repeat(64),
  root: 'entrypoint',
  lineage: ['/usr/bin/shop', '/tmp/dropped'],
  kind: 'exec',
  because: 'new-program',
  subject: '/tmp/dropped',
  origin: 'scratch',
  severity: 'critical',
  count: 1,
  first: 1_000_000,
  last: 1_000_000,
  process: { pid: 4711, start: 99_000_000 },
};

export const anApproval = {
  fingerprint: `sha256:${'b'.repeat(64)}`,
  version: 1,
  signedBy: 'Vendor Inc',
  maxMode: 'kill',
} as const;

export function anIncident(over: Partial<Incident> = {}): Incident {
  return {
    id: '1'.repeat(64),
    workload: shop,
    instance: { id: 'shop-1', node: 'node-1', startedAt: 1 },
    severity: 'critical',
    kinds: ['exec'],
    sentence: 'shop ran /tmp/dropped, which nobody approved',
    drifts: [aDrift],
    more: 0,
    first: 1_000_000,
    last: 1_000_000,
    culprit: aDrift.process,
    approval: anApproval,
    ...over,
  };
}

export function aBehaviour(path: string): Behaviour {
  return { root: 'entrypoint', lineage: ['/usr/bin/shop'], kind: 'open', path, access: 'read' };
}

export function aNovelty(index: number, path = `/data/${index}`, instance = 'shop-1'): Report {
  return {
    type: 'novelty',
    workload: shop,
    instance,
    index,
    behaviour: aBehaviour(path),
    phase: 'steady',
    time: 1000 + index,
  };
}

/** `seen` holds dictionary indices. */
export function aSupport(seen: readonly number[], over: { instance?: string; lost?: number } = {}): Report {
  const bytes = Buffer.alloc(32);
  for (const i of seen) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7));
  return {
    type: 'support',
    workload: shop,
    instance: over.instance ?? 'shop-1',
    seen: bytes.toString('base64'),
    phase: 'steady',
    since: 1000,
    until: 2000,
    events: 10,
    lost: over.lost ?? 0,
  };
}

export function anInstance(
  id: string,
  state: 'started' | 'found' | 'exited' = 'started',
  node = 'node-1',
): Report {
  const instance = { id, node, startedAt: 5 };
  return { type: 'instance', workload: shop, instance, state, coverage: ['exec', 'open'], time: 6 };
}

export const aGap = {
  type: 'gap',
  since: 1,
  until: 2,
  lost: 3,
  reason: 'ring-full',
} as const satisfies Report;
