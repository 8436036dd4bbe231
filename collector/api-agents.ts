import { sha256Hex } from '../fingerprint/digest.ts';
import { type AgentEntry, agentEntries, entryId } from './agent-entries.ts';
import type { ServiceParts } from './api-services.ts';
import { besideOf } from './collector.ts';
import type { Caller } from './ports/api.ts';
import type { AgentName, AgentService, ClusterService } from './ports/api-agents.ts';
import type { NodeIncident } from './ports/nodes.ts';

/** Agents one collector serves, with several troubles each. */
const maxOpen = 100_000;
/** Of one agent, newest first. */
const maxTroubles = 20;
const minuteMs = 60_000;

/** Certificates, what agents said of themselves, and what was found out about them, as one thing: the agent. */
export function agentService(parts: ServiceParts): AgentService {
  const { identities, about } = parts;
  const one = async (caller: Caller, name: AgentName) => {
    const entry = (await visible(parts, caller)).find((e) => isMeant(e, name));
    return entry === undefined ? undefined : detail(parts, entry);
  };
  return {
    agents: async (caller, { limit, after }) => {
      const rows = (await visible(parts, caller)).filter((e) => after === undefined || entryId(e) > after.id);
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      const open = byAgent(await parts.nodes.incidents({ open: true, limit: maxOpen }));
      return {
        items: page.map((entry) => describe(parts, entry, open.get(entry.row?.hello.agent ?? '') ?? [])),
        ...(last === undefined ? {} : { next: { time: 0, id: entryId(last) } }),
      };
    },
    agent: one,
    revoke: async (caller, name, reason) => {
      if (!seesCluster(caller, name.cluster)) return undefined;
      const { identity } = await identities.revoke(name, { author: caller.name, reason });
      return one(caller, { cluster: identity.cluster, agent: identity.id });
    },
    letIn: async (caller, name, reason) => {
      if (!seesCluster(caller, name.cluster)) return undefined;
      await identities.letIn(name, { author: caller.name, reason });
      // One that was shut out before it was ever heard of is nothing now.
      return (await one(caller, name)) ?? { id: `${name.cluster}:${name.agent}` };
    },
    makeJoinToken: async (caller, { minutes, ...wanted }, reason) => {
      const { cluster } = wanted;
      // A token for any cluster lets machines into those that its maker does not see.
      if (!caller.seesAll && (cluster === undefined || !seesCluster(caller, cluster))) return undefined;
      const wish = { ...wanted, ...(minutes === undefined ? {} : { lifetimeMs: minutes * minuteMs }) };
      const made = await identities.makeJoinToken(wish, { author: caller.name, reason });
      return { ...made, listen: about.address };
    },
  };
}

export function clusterService({ identities }: Pick<ServiceParts, 'identities'>): ClusterService {
  return {
    clusters: async () =>
      (await identities.clusters()).map(({ cluster, author, addedAt }) => {
        const { name, audience, accounts, proof } = cluster;
        const jwks = sha256Hex(Buffer.from(proof.jwks));
        return { name, issuer: proof.issuer, audience, accounts, jwks, author, addedAt };
      }),
    add: (cluster, by) => identities.addCluster(cluster, by),
    remove: (name, by) => identities.removeCluster(name, by),
  };
}

function seesCluster(caller: Caller, cluster: string): boolean {
  return caller.sees({ cluster, namespace: '' });
}

function isMeant({ cluster, id, node }: AgentEntry, name: AgentName): boolean {
  return cluster === name.cluster && (id === name.agent || node === name.agent);
}

async function visible(parts: ServiceParts, caller: Caller): Promise<readonly AgentEntry[]> {
  const { store, identities, present } = parts;
  const [known, rows] = await Promise.all([identities.agents(), store.agents()]);
  const isPresent = (agent: string): boolean => present.has(agent);
  return agentEntries({ known, rows, revocations: identities.revocations(), isPresent }).filter((e) =>
    seesCluster(caller, e.cluster),
  );
}

function byAgent(incidents: readonly NodeIncident[]): ReadonlyMap<string, readonly NodeIncident[]> {
  return Map.groupBy(incidents, ({ agent }) => agent);
}

function describe(parts: ServiceParts, entry: AgentEntry, open: readonly NodeIncident[]): object {
  const { cluster, id, node, known, revoked, row } = entry;
  const certificate =
    known === undefined
      ? null
      : { serial: known.serial, how: known.how, issuedAt: known.issuedAt, notAfter: known.notAfter };
  return {
    id: entryId(entry),
    cluster,
    node,
    ...(id === node ? {} : { uid: id }),
    certificate,
    revoked: revoked ?? null,
    ...(row === undefined ? { connected: false, state: 'never-connected' } : describeRow(parts, row)),
    troubles: open.map(({ kind, opened, count, detail: sentence }) => ({ kind, opened, count, sentence })),
  };
}

function describeRow(
  { present, canaries, nodes }: ServiceParts,
  row: NonNullable<AgentEntry['row']>,
): object {
  const { hello, stored, missing, refused, firstSeen, lastSeen } = row;
  const presence = present.get(hello.agent);
  return {
    connected: presence !== undefined,
    // What was not heard of for a week is watched no longer (core/node-state.ts).
    state: nodes.stateOf(hello.agent) ?? 'gone',
    spoolId: hello.agent,
    version: hello.version,
    source: hello.source,
    coverage: hello.coverage,
    ...(hello.kernel === undefined ? {} : { kernel: hello.kernel }),
    firstSeen,
    lastHeard: presence?.heard ?? lastSeen,
    stored,
    missing,
    refused,
    spool: presence?.beat?.spool ?? null,
    canary: canaries.statusOf(hello.agent) ?? null,
    beside: presence === undefined ? [] : besideOf(hello, present),
  };
}

async function detail(parts: ServiceParts, entry: AgentEntry): Promise<object> {
  const { nodes, present } = parts;
  const agent = entry.row?.hello.agent;
  if (agent === undefined) return describe(parts, entry, []);
  const [open, recent, losses] = await Promise.all([
    nodes.incidents({ agent, open: true, limit: maxTroubles }),
    nodes.incidents({ agent, limit: maxTroubles }),
    nodes.losses(),
  ]);
  const { agent: _, ...lost } = losses.find((l) => l.agent === agent) ?? {
    agent,
    restored: 0,
    dropped: 0,
    flooded: 0,
  };
  return {
    ...describe(parts, entry, open),
    lost,
    counters: present.get(agent)?.beat?.counters ?? null,
    past: recent.filter(({ closed }) => closed !== undefined),
  };
}
