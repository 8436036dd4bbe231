import { describe, expect, it } from 'vitest';
import { workload } from '../test/fakes/behaviours.ts';
import type { Report } from './report.ts';
import { parseReport, reportBytes } from './report-json.ts';
import { parseJson } from './strict-json.ts';

const drift = {
  root: 'entrypoint',
  lineage: ['/a', '/b'],
  key: 'ab'.repeat(32),
  kind: 'exec',
  because: 'new-program',
  subject: '/b',
  origin: 'upper',
  sha256: 'cd'.repeat(32),
  nearest: 'x',
  severity: 'high',
  count: 2,
  first: 1,
  last: 2,
  process: { pid: 7, start: 9 },
  found: true,
} as const;

const instance = { id: 'c1', node: 'n1', pod: 'cart-1', startedAt: 5 } as const;

const reports: readonly Report[] = [
  { type: 'instance', workload, instance, state: 'found', coverage: ['exec'], time: 6 },
  {
    type: 'novelty',
    workload,
    instance: 'c1',
    index: 3,
    behaviour: { root: 'entrypoint', lineage: ['/a'], kind: 'delete', path: '/x' },
    phase: 'start',
    time: 7,
  },
  {
    type: 'support',
    workload,
    instance: 'c1',
    seen: 'Bw==',
    phase: 'steady',
    since: 1,
    until: 2,
    events: 9,
    lost: 0,
  },
  {
    type: 'incident',
    incident: {
      id: 'ef'.repeat(32),
      workload,
      instance,
      severity: 'critical',
      kinds: ['exec'],
      sentence: 'it did',
      drifts: [drift],
      more: 0,
      first: 1,
      last: 2,
      culprit: { pid: 7, start: 9 },
      approval: { fingerprint: 'sha256:x', version: 1, signedBy: 'alice', maxMode: 'kill' },
    },
  },
  {
    type: 'receipt',
    receipt: {
      order: 'o1',
      incident: 'i1',
      result: 'done',
      action: 'hold',
      stopped: [7],
      eventToStoppedUs: 900,
    },
  },
  { type: 'gap', since: 1, until: 2, lost: 5, reason: 'ring', instance: 'c1' },
];

describe('reports', () => {
  it.each(reports.map((r) => [r.type, r] as const))(
    'come back unchanged from their bytes: %s',
    (_type, r) => {
      expect(parseReport(parseJson(reportBytes(r)))).toEqual(r);
    },
  );

  it.each(reports.map((r) => [r.type, r] as const))('refuse an unknown member: %s', (_type, r) => {
    expect(() => parseReport({ ...r, extra: 1 })).toThrow(
      expect.objectContaining({ code: 'SCHEMA', field: 'extra' }),
    );
  });

  it('refuse names that could pose as several', () => {
    const posing = { ...workload, namespace: 'a\nb' };
    expect(() => parseReport({ ...reports[0], workload: posing })).toThrow(
      expect.objectContaining({ field: 'workload.namespace' }),
    );
  });
});
