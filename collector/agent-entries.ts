import type { KnownAgent } from './identities.ts';
import type { Revocation } from './ports/identities.ts';
import type { AgentRow } from './ports.ts';

/** One agent: what is certified, what it said of itself, whether it is shut out. Each may be all there is. */
export interface AgentEntry {
  readonly cluster: string;
  /** The node's UID where a certificate says one, else its name. */
  readonly id: string;
  readonly node: string;
  readonly known?: KnownAgent;
  readonly revoked?: Omit<Revocation, 'identity'>;
  readonly row?: AgentRow;
}

export interface AgentSources {
  /** Newest certificate first. */
  readonly known: readonly KnownAgent[];
  readonly rows: readonly AgentRow[];
  readonly revocations: readonly Revocation[];
  readonly isPresent: (agent: string) => boolean;
}

export function entryId({ cluster, id }: Pick<AgentEntry, 'cluster' | 'id'>): string {
  return `${cluster}:${id}`;
}

/**
 * Every agent once, in the order of the ids. A machine that was set up anew has another spool, and a node that was made
 * anew another UID: what it says belongs to its newest certificate, and of its spools the one that speaks counts.
 */
export function agentEntries({ known, rows, revocations, isPresent }: AgentSources): readonly AgentEntry[] {
  const spoken = latestByNode(rows, isPresent);
  const entries = new Map<string, AgentEntry>();
  for (const agent of known) {
    const { cluster, id, node } = agent.identity;
    const row = spoken.get(placeOf({ cluster, node }));
    spoken.delete(placeOf({ cluster, node }));
    const { revoked } = agent;
    const more = { ...(revoked === undefined ? {} : { revoked }), ...(row === undefined ? {} : { row }) };
    entries.set(entryId({ cluster, id }), { cluster, id, node, known: agent, ...more });
  }
  // Without a certificate: by insecureLoopback, or it ended long ago.
  for (const row of spoken.values()) {
    const { cluster, node } = row.hello;
    entries.set(entryId({ cluster, id: node }), { cluster, id: node, node, row });
  }
  for (const { identity, ...revoked } of revocations) {
    const entry = entries.get(entryId(identity));
    entries.set(entryId(identity), { ...(entry ?? identity), revoked });
  }
  return [...entries.values()].toSorted((a, b) => (entryId(a) < entryId(b) ? -1 : 1));
}

function latestByNode(
  rows: readonly AgentRow[],
  isPresent: (agent: string) => boolean,
): Map<string, AgentRow> {
  const rank = (row: AgentRow): number =>
    isPresent(row.hello.agent) ? Number.POSITIVE_INFINITY : row.lastSeen;
  const latest = new Map<string, AgentRow>();
  for (const row of rows) {
    const before = latest.get(placeOf(row.hello));
    if (before === undefined || rank(row) > rank(before)) latest.set(placeOf(row.hello), row);
  }
  return latest;
}

function placeOf({ cluster, node }: { readonly cluster: string; readonly node: string }): string {
  return `${cluster}\n${node}`;
}
