import { techniquesOfIncident } from '../fingerprint/attack-techniques.ts';
import { acceptable, observedBehaviour } from '../fingerprint/drift-grants.ts';
import { explainBehaviour } from '../fingerprint/explain.ts';
import type { Drift } from '../fingerprint/incident.ts';
import { recordedSentence } from './core/reason-sentence.ts';
import type { Incidents } from './incidents.ts';
import type { Caller } from './ports/api.ts';
import type { IncidentService, IncidentsWanted } from './ports/api-incidents.ts';
import type { IncidentDetail, IncidentQuery, IncidentSummary } from './ports/incidents.ts';
import type { DriftStore, OccurrenceRow } from './ports.ts';

interface IncidentParts {
  readonly incidents: Incidents;
  readonly store: Pick<DriftStore, 'occurrences'>;
}

export function incidentService({ incidents, store }: IncidentParts): IncidentService {
  const visible = async (caller: Caller, id: string): Promise<IncidentDetail | undefined> => {
    const found = await incidents.get(id);
    return found !== undefined && caller.sees(found.workload) ? found : undefined;
  };
  return {
    incidents: async (caller, wanted) => {
      // One more than is shown tells whether there are more.
      const rows = await incidents.list({ ...queryOf(caller, wanted), limit: wanted.limit + 1 });
      const page = rows.slice(0, wanted.limit);
      const last = rows.length > wanted.limit ? page.at(-1) : undefined;
      return {
        items: page.map(describeSummary),
        ...(last === undefined ? {} : { next: { time: last.last, id: last.id } }),
      };
    },
    incident: async (caller, id) => {
      const found = await visible(caller, id);
      return found === undefined ? undefined : describeDetail(found);
    },
    preview: async (caller, id) => {
      const found = await visible(caller, id);
      if (found === undefined) return undefined;
      const [{ drifts, left }, silences] = await Promise.all([
        incidents.driftsOf(id),
        incidents.silencedBy(id),
      ]);
      const { version, workload } = found;
      return { id, version, workload, grants: drifts.map(describeGrant), left, silences };
    },
    review: async (caller, id, request) => {
      if ((await visible(caller, id)) === undefined) return { kind: 'unknown' };
      const answer = await incidents.review(id, { ...request, author: caller.name });
      if (answer.kind !== 'taken') return answer;
      const { incident } = answer;
      return { kind: 'taken', version: incident.version, incident: describeDetail(incident) };
    },
    occurrence: async (caller, id) => {
      const [row] = await store.occurrences({ id, limit: 1, scope: caller.scope });
      return row === undefined ? undefined : describeOccurrence(row);
    },
  };
}

function queryOf({ scope }: Caller, wanted: IncidentsWanted): Omit<IncidentQuery, 'limit'> {
  const { clusters, namespaces, since, after, limit: _, ...same } = wanted;
  const [inClusters, inNamespaces] = [within(scope.clusters, clusters), within(scope.namespaces, namespaces)];
  return {
    ...same,
    ...(inClusters === undefined ? {} : { clusters: inClusters }),
    ...(inNamespaces === undefined ? {} : { namespaces: inNamespaces }),
    ...(since === undefined ? {} : { activeAfter: since * 1000 - 1 }),
    ...(after === undefined ? {} : { after: { last: after.time, id: after.id } }),
  };
}

/** What is wanted of what may be seen. @returns undefined for all; an empty list is nothing */
function within(
  seen: readonly string[],
  wanted: readonly string[] | undefined,
): readonly string[] | undefined {
  if (seen.length === 0) return wanted;
  return wanted === undefined ? seen : wanted.filter((name) => seen.includes(name));
}

function describeSummary<T extends IncidentSummary>(incident: T) {
  const { sentence, kinds } = incident.lead;
  return { ...incident, sentence, kinds, techniques: techniquesOfIncident(incident.lead) };
}

function describeDetail(incident: IncidentDetail) {
  return { ...describeSummary(incident), seen: incident.seen.map(describeOccurrence) };
}

function describeOccurrence({ decisions, ...row }: OccurrenceRow) {
  return {
    ...row,
    techniques: techniquesOfIncident(row.incident),
    decisions: decisions.map((d) => ({ ...d, detail: recordedSentence(d.action, d.reason, d) })),
  };
}

/** `how` says whether a person may grant it at all (fingerprint/drift-grants.ts); what was too long to keep may not be. */
function describeGrant(drift: Drift) {
  const behaviour = observedBehaviour(drift);
  return behaviour === undefined
    ? { drift, how: 'not-kept' }
    : { drift, how: acceptable(behaviour), sentence: explainBehaviour(behaviour) };
}
