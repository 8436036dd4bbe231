import type Sqlite from 'better-sqlite3';
import type { NodeIncidentFilter, NodeIncidentKind, NodeRef } from '../../ports/nodes.ts';
import type { AgentHello } from '../../ports.ts';
import { NodesTable } from './nodes-table.ts';

/** What the database's thread can be asked about nodes. */
export function nodesApi(db: Sqlite.Database) {
  const nodes = new NodesTable(db);
  return {
    nodesEpoch: () => nodes.epoch(),
    nodesMeet: (hello: AgentHello) => nodes.meet(hello),
    nodesDropped: (agent: string, total: number) => nodes.dropped(agent, total),
    nodesLosses: () => nodes.losses(),
    nodesOpen: (of: NodeRef, kind: NodeIncidentKind, count: number, detail: string, now: number) =>
      nodes.open(of, kind, count, detail, now),
    nodesClose: (agent: string, kind: NodeIncidentKind, now: number) => nodes.close(agent, kind, now),
    nodesList: (filter: NodeIncidentFilter) => nodes.list(filter),
    nodesFoldedIds: () => nodes.foldedIds(),
    nodesFolded: (agent: string, limit: number) => nodes.folded(agent, limit),
  };
}
