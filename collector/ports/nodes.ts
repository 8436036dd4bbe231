import type { NodeIncidentKind } from '../core/node-state.ts';
import type { AgentHello } from '../ports.ts';

export { type NodeIncidentKind, nodeIncidentKinds } from '../core/node-state.ts';

/** Whose node, as rows name it. */
export interface NodeRef {
  readonly agent: string;
  readonly node: string;
  readonly cluster: string;
}

/** Something that is wrong with a node itself. One row per agent and kind while it is open. Times in ms, our clock. */
export interface NodeIncident extends NodeRef {
  readonly id: number;
  readonly kind: NodeIncidentKind;
  readonly opened: number;
  readonly last: number;
  /** Absent while it is open. */
  readonly closed?: number;
  /** Records, or occurrences: what the kind counts. */
  readonly count: number;
  /** For a person; printable. */
  readonly detail: string;
}

export interface NodeIncidentFilter {
  readonly open?: boolean;
  readonly agent?: string;
  readonly kind?: NodeIncidentKind;
  /** Absent or empty: all. */
  readonly clusters?: readonly string[];
  /** Those with a smaller id: the next page. */
  readonly before?: number;
  readonly limit: number;
}

/** What an agent that comes says of an earlier time of this collector. */
export interface Met {
  readonly kind: 'as-before' | 'restored' | 'rolled-back';
  /** Records that were acknowledged and are not here; counted once, however often the agent comes. */
  readonly lost: number;
}

/** What is counted of one agent besides its high water. */
export interface AgentLosses {
  readonly agent: string;
  /** By restores and rollbacks of this collector. */
  readonly restored: number;
  /** As its heartbeats told it: refused by its full spool. */
  readonly dropped: number;
  /** Incidents that were acknowledged and folded away while it flooded. */
  readonly flooded: number;
}

/** An incident of a flood: its last state, told when the flood is over. */
export interface FoldedIncident {
  readonly id: string;
  readonly json: string;
}

export interface NodeStore {
  /** Random 128-bit hex, made with the database and anew by each restore. */
  epoch(): Promise<string>;
  /** Before `openAgent`: compares what the agent was acknowledged with what is here, and forgets what no longer holds. */
  meet(hello: AgentHello): Promise<Met>;
  /** @returns how many more its spool has dropped than was known */
  dropped(agent: string, total: number): Promise<number>;
  losses(): Promise<readonly AgentLosses[]>;
  /** @returns whether it is news; an open row of the kind only counts on */
  openIncident(
    of: NodeRef,
    kind: NodeIncidentKind,
    count: number,
    detail: string,
    now: number,
  ): Promise<boolean>;
  /** @returns whether one was open */
  closeIncident(agent: string, kind: NodeIncidentKind, now: number): Promise<boolean>;
  /** Newest first. */
  nodeIncidents(filter: NodeIncidentFilter): Promise<readonly NodeIncident[]>;
  /** What is folded of an agent, gravest first: id and severity only. */
  foldedIds(): Promise<readonly { readonly agent: string; readonly id: string; readonly rank: number }[]>;
  /** The next of an agent's folded incidents. They stay until `unfold`. */
  folded(agent: string, limit: number): Promise<readonly FoldedIncident[]>;
}
