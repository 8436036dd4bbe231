import { agentService, clusterService } from './api-agents.ts';
import { incidentService } from './api-incidents.ts';
import { type StopParts, stopServices, stopStatus } from './api-stops.ts';
import type { Audit } from './audit.ts';
import type { Backups } from './backups.ts';
import type { Canaries } from './canaries.ts';
import { besideOf, type Presence } from './collector.ts';
import type { Fingerprints } from './fingerprints.ts';
import type { Identities } from './identities.ts';
import type { Incidents } from './incidents.ts';
import type { Learning } from './learning.ts';
import type { Nodes } from './nodes.ts';
import type { Notifications } from './notifications.ts';
import type { ApiServices, Caller, DocumentService, StatusService, WorkloadService } from './ports/api.ts';
import type { AgentRow, DriftStore, WorkloadRow } from './ports.ts';
import type { Provisionals } from './provisionals.ts';
import type { Reactions } from './reactions.ts';
import type { ResponsePolicies } from './response-policies.ts';
import type { StateLine } from './state-line.ts';
import type { StoreTrouble } from './store-trouble.ts';

export interface ServiceParts extends StopParts {
  readonly store: DriftStore & StopParts['store'];
  readonly learning: Learning;
  readonly incidents: Incidents;
  readonly reactions: Reactions;
  readonly fingerprints: Fingerprints;
  readonly provisionals: Provisionals;
  readonly canaries: Canaries;
  readonly nodes: Pick<Nodes, 'stateOf' | 'incidents' | 'losses'>;
  readonly identities: Identities;
  readonly backups: Pick<Backups, 'make'>;
  readonly trouble: StoreTrouble;
  readonly present: ReadonlyMap<string, Presence>;
  readonly policies: ResponsePolicies;
  readonly tell: (line: StateLine) => void;
  readonly audit: Audit;
  readonly notifications: Notifications;
  readonly about: {
    readonly id: string;
    readonly address: string;
    readonly startedAt: number;
    readonly version: string;
    readonly learnerKeyFile: string;
    readonly auditKeyFile: string;
    readonly pid: number;
  };
}

/** What the API answers with, from what the collector has. */
export function apiServices(parts: ServiceParts): Omit<ApiServices, 'access' | 'feed'> {
  return {
    status: statusService(parts),
    workloads: workloadService(parts),
    incidents: incidentService(parts),
    documents: documentService(parts),
    agents: agentService(parts),
    clusters: clusterService(parts),
    backups: parts.backups,
    stops: stopServices(parts),
    responsePolicy: parts.policies,
    audit: parts.audit,
    notify: parts.notifications,
  };
}

function statusService(parts: ServiceParts): StatusService {
  const { store, reactions, fingerprints, provisionals, trouble, present, policies, about } = parts;
  return {
    status: async (caller) => {
      // Nodes carry copies of every namespace: they are for who sees the whole cluster.
      const agents = (await store.agents()).filter(({ hello }) =>
        caller.sees({ cluster: hello.cluster, namespace: '' }),
      );
      const { id, version, startedAt } = about;
      const losses = new Map((await parts.nodes.losses()).map(({ agent, ...lost }) => [agent, lost]));
      return {
        ...(caller.seesAll ? about : { id, version, startedAt }),
        mode: policies.current.mode,
        ...(caller.seesAll
          ? { audit: await parts.audit.state(), notify: await parts.notifications.status() }
          : {}),
        agents: agents.map((row) => ({
          ...describeAgent(row, present.get(row.hello.agent)),
          losses: losses.get(row.hello.agent) ?? { restored: 0, dropped: 0, flooded: 0 },
          canary: parts.canaries.statusOf(row.hello.agent) ?? null,
          beside: present.has(row.hello.agent) ? besideOf(row.hello, present) : [],
        })),
        workloads: (await visibleWorkloads(store, caller)).length,
        ...(caller.seesAll ? { documents: fingerprints.counts, provisional: provisionals.count } : {}),
        lost: { reactions: reactions.dropped },
        ...(await stopStatus(parts, caller)),
        retriedCommits: trouble.failures,
      };
    },
    ready: () => isReady(store),
  };
}

/** Whether the store answers a question. */
export function isReady(store: Pick<DriftStore, 'setting'>): Promise<boolean> {
  return store.setting('collector-id').then(
    () => true,
    () => false,
  );
}

function workloadService(parts: ServiceParts): WorkloadService {
  const { store, learning } = parts;
  const visible = async (caller: Caller, hash: string) =>
    (await visibleWorkloads(store, caller)).find((row) => row.hash === hash);
  return {
    workloads: async (caller, { limit, after }) => {
      const rows = (await visibleWorkloads(store, caller))
        .filter(({ hash }) => after === undefined || hash > after.id)
        .toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      return {
        items: await Promise.all(page.map((row) => describeWorkload(row, parts))),
        ...(last === undefined ? {} : { next: { time: 0, id: last.hash } }),
      };
    },
    workload: async (caller, hash) => {
      const row = await visible(caller, hash);
      return row === undefined ? undefined : describeWorkload(row, parts);
    },
    baseline: async (caller, hash) =>
      (await visible(caller, hash)) === undefined ? undefined : learning.baseline(hash),
  };
}

async function visibleWorkloads(store: DriftStore, caller: Caller): Promise<readonly WorkloadRow[]> {
  return (await store.workloads()).filter(({ workload }) => caller.sees(workload));
}

function documentService({ fingerprints, present, tell, audit }: ServiceParts): DocumentService {
  return {
    addDocument: async (envelope, author) => {
      const added = await fingerprints.add(envelope);
      // What is on record is handed out; what could not be recorded waits in the store to be given again.
      await audit.record({ type: 'document-added', author, about: added.digest, detail: added });
      for (const { link } of present.values()) link.fingerprint(envelope);
      tell({ type: 'fingerprint', ...added });
      return { ...added, agents: present.size };
    },
  };
}

function describeAgent(row: AgentRow, presence: Presence | undefined): object {
  const { hello, stored, missing, refused, firstSeen, lastSeen } = row;
  return {
    ...hello,
    connected: presence !== undefined,
    lastHeard: presence?.heard ?? lastSeen,
    firstSeen,
    stored,
    missing,
    refused,
    ...(presence?.beat === undefined ? {} : { spool: presence.beat.spool, counters: presence.beat.counters }),
  };
}

/** Behaviours of thin support that are named; the rest is a number. */
const maxThin = 5;

async function describeWorkload(
  row: WorkloadRow,
  { learning, provisionals, fingerprints }: Pick<ServiceParts, 'learning' | 'provisionals' | 'fingerprints'>,
): Promise<object> {
  const [readiness, learned, thin] = await Promise.all([
    learning.readiness(row.hash),
    provisionals.describe(row.hash),
    learning.thin(row.hash),
  ]);
  const shown = thin.slice(0, maxThin).map(({ behaviour: _, ...words }) => words);
  return {
    ...row,
    readiness,
    thin: shown,
    thinMore: thin.length - shown.length,
    ...learned,
    ...fingerprints.describe(row.workload),
  };
}
