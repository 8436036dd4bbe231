import {
  type NodeIncident,
  type NodeIncidentFilter,
  type NodeIncidentKind,
  type NodeRef,
  type NodeStore,
  nodeIncidentKinds,
} from '../../ports/nodes.ts';
import { type AgentHello, StoreError } from '../../ports.ts';
import type { NodeIncidentRecord } from './nodes-table.ts';
import type { DatabaseThread } from './thread.ts';

/** The main thread's end of what is kept of nodes. */
export class SqliteNodes implements NodeStore {
  readonly #thread: DatabaseThread;

  constructor(thread: DatabaseThread) {
    this.#thread = thread;
  }

  epoch(): Promise<string> {
    return this.#thread.call('nodesEpoch');
  }

  meet(hello: AgentHello) {
    return this.#thread.call('nodesMeet', hello);
  }

  dropped(agent: string, total: number): Promise<number> {
    return this.#thread.call('nodesDropped', agent, total);
  }

  losses() {
    return this.#thread.call('nodesLosses');
  }

  openIncident(of: NodeRef, kind: NodeIncidentKind, count: number, detail: string, now: number) {
    const { agent, node, cluster } = of;
    return this.#thread.call('nodesOpen', { agent, node, cluster }, kind, count, detail, now);
  }

  closeIncident(agent: string, kind: NodeIncidentKind, now: number): Promise<boolean> {
    return this.#thread.call('nodesClose', agent, kind, now);
  }

  async nodeIncidents(filter: NodeIncidentFilter): Promise<readonly NodeIncident[]> {
    return (await this.#thread.call('nodesList', filter)).map(nodeIncident);
  }

  foldedIds() {
    return this.#thread.call('nodesFoldedIds');
  }

  folded(agent: string, limit: number) {
    return this.#thread.call('nodesFolded', agent, limit);
  }
}

function nodeIncident(record: NodeIncidentRecord): NodeIncident {
  const { id, agent, node, cluster, opened_ms, last_ms, closed_ms, count, detail } = record;
  const kind = nodeIncidentKinds.find((k) => k === record.kind);
  if (kind === undefined)
    throw new StoreError('broken', `the database holds an unknown kind: ${record.kind}`);
  const closed = closed_ms === null ? {} : { closed: closed_ms };
  return { id, agent, node, cluster, kind, opened: opened_ms, last: last_ms, ...closed, count, detail };
}
