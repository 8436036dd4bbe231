import type { AgentHello, DriftStore } from '../../collector/ports.ts';
import type { Drift, Incident } from '../../fingerprint/incident.ts';
import type { Report } from '../../fingerprint/report.ts';
import { reportBytes } from '../../fingerprint/report-json.ts';
import { aDrift, anIncident } from './reports.ts';

/** A drift by its number: the same number is the same drift key. */
export function driftOf(n: number, over: Partial<Drift> = {}): Drift {
  return { ...aDrift, key: String(n).padStart(64, '0'), ...over };
}

/** What the agents of nodes tell of copies on them. @param now ms since the Unix epoch */
export function drifting(store: () => Pick<DriftStore, 'openAgent' | 'ingest'>, now: () => number) {
  const sequence = new Map<string, number>();
  return async (
    node: string,
    pod: string,
    drifts: readonly Drift[],
    over: Partial<Incident> = {},
    quiet?: true,
  ) => {
    const hello: AgentHello = {
      agent: `agent-${node}`,
      node,
      cluster: 'local',
      session: 's',
      version: '1',
      source: 'sensor',
      coverage: [],
      acked: 0,
    };
    if (!sequence.has(node)) await store().openAgent(hello, now());
    const seq = (sequence.get(node) ?? 0) + 1;
    sequence.set(node, seq);
    const incident = anIncident({
      id: Buffer.from(`${node} ${pod}`).toString('hex').padEnd(64, '0'),
      instance: { id: pod, node, startedAt: 1 },
      drifts,
      last: now() * 1000,
      ...over,
    });
    const report: Report = { type: 'incident', incident };
    const json = Buffer.from(reportBytes(report)).toString();
    const records = [{ seq, report, json, ...(quiet && { quiet }) }];
    const { placed } = await store().ingest({ hello, records }, now());
    return { change: placed[0]?.[2], incident: placed[0]?.[1] ?? '', occurrence: incident.id };
  };
}
