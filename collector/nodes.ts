import {
  clockOff,
  goneMs,
  lastingKinds,
  type NodeIncidentKind,
  type NodeState,
  nodeState,
  quietMs,
} from './core/node-state.ts';
import type { AgentLosses, NodeIncident, NodeIncidentFilter, NodeRef, NodeStore } from './ports/nodes.ts';
import type { AgentBeat, AgentHello, AgentLink, AgentRow, DriftStore, Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** As canaries.ts: twice the nodes of the largest cluster. */
const maxAgents = 20_000;

export interface NodesOptions {
  readonly store: NodeStore;
  readonly agents: Pick<DriftStore, 'agents'>;
  readonly isBlind: (agent: string) => boolean;
  readonly isPresent: (agent: string) => boolean;
  readonly silentAfterMs: number;
  /** ms since the Unix epoch; never goes back. */
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

interface Watched extends NodeRef {
  heard: number;
  waiting: readonly [before: number, now: number];
  dropped: number;
  readonly open: Map<NodeIncidentKind, { last: number }>;
}

/**
 * What is wrong with the nodes themselves: which are silent, blind, lose records, flood or have another time. Each is an
 * incident of its own, opened and closed on record: that nothing is reported must never look like nothing happens.
 */
export class Nodes {
  readonly #options: NodesOptions;
  readonly #nodes = new Map<string, Watched>();
  /** Writes follow one another: an incident is not closed before it is opened. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: NodesOptions) {
    this.#options = options;
  }

  /** Who was there before this start is silent when it does not come back. */
  async restore(): Promise<void> {
    const { store, agents, now } = this.#options;
    const since = now();
    for (const { hello, lastSeen } of (await agents.agents()).toSorted(byTime)) {
      if (since - lastSeen > goneMs) continue;
      this.#add(hello, since);
    }
    for (const { agent, dropped } of await store.losses()) {
      const node = this.#nodes.get(agent);
      if (node !== undefined) node.dropped = dropped;
    }
    for (const incident of await store.nodeIncidents({ open: true, limit: maxAgents })) {
      this.#nodes.get(incident.agent)?.open.set(incident.kind, { last: incident.last });
    }
  }

  /**
   * Before the agent's first record is taken.
   * @returns how many of its records were acknowledged and are not here: told the first time, and 0 from then on
   */
  async came({ hello }: AgentLink): Promise<number> {
    const { store, now } = this.#options;
    const met = await store.meet(hello);
    const node = this.#nodes.get(hello.agent) ?? this.#add(hello, now());
    node.heard = now();
    for (const other of this.#nodes.values()) {
      const isSame = other.node === hello.node && other.cluster === hello.cluster;
      // The node is back with another spool: whoever kept the old one will not come any more.
      if (isSame && other.agent !== hello.agent && !this.#options.isPresent(other.agent)) this.#forget(other);
    }
    if (met.kind !== 'as-before') this.#opened(node, met.kind, met.lost, sentences[met.kind](met.lost));
    return met.lost;
  }

  heartbeat({ hello }: AgentLink, { time, spool }: AgentBeat): void {
    const node = this.#nodes.get(hello.agent);
    if (node === undefined) return;
    const now = this.#options.now();
    node.heard = now;
    node.waiting = [node.waiting[1], spool.records];
    if (spool.dropped > node.dropped) this.#dropped(node, spool.dropped);
    const ahead = clockOff(time, now, node.open.has('clock'));
    if (ahead === 0) this.#closed(node, 'clock');
    else if (!node.open.has('clock')) this.#opened(node, 'clock', 1, clockSentence(ahead));
  }

  heard(agent: string): void {
    const node = this.#nodes.get(agent);
    if (node !== undefined) node.heard = this.#options.now();
  }

  /** Numbers of its records were jumped over. */
  missing({ agent }: AgentHello, records: number): void {
    const node = this.#nodes.get(agent);
    if (node !== undefined) this.#opened(node, 'gap', records, sentences.gap(records));
  }

  flooded({ agent }: AgentHello, records: number, detail: string): void {
    const node = this.#nodes.get(agent);
    if (node !== undefined) this.#opened(node, 'flood', records, detail);
  }

  calm({ agent }: AgentHello): void {
    const node = this.#nodes.get(agent);
    if (node !== undefined) this.#closed(node, 'flood');
  }

  /** What time alone has changed; call it every second or so. */
  look(): void {
    for (const node of this.#nodes.values()) {
      const isSilent = this.#stateOf(node) === 'silent';
      this.#lasts(node, 'silent', isSilent);
      // Whoever is silent is not told as blind besides, nor as seeing again.
      if (!isSilent) this.#lasts(node, 'blind', this.#options.isBlind(node.agent));
      this.#closeQuiet(node);
    }
  }

  #lasts(node: Watched, kind: 'silent' | 'blind', isSo: boolean): void {
    if (!isSo) this.#closed(node, kind);
    else if (!node.open.has(kind)) this.#opened(node, kind, 1, sentences[kind]());
  }

  #closeQuiet(node: Watched): void {
    const now = this.#options.now();
    for (const [kind, { last }] of node.open)
      if (!lastingKinds.includes(kind) && now - last >= quietMs) this.#closed(node, kind);
  }

  stateOf(agent: string): NodeState | undefined {
    const node = this.#nodes.get(agent);
    return node === undefined ? undefined : this.#stateOf(node);
  }

  incidents(filter: NodeIncidentFilter): Promise<readonly NodeIncident[]> {
    return this.#options.store.nodeIncidents(filter);
  }

  losses(): Promise<readonly AgentLosses[]> {
    return this.#options.store.losses();
  }

  /** Resolves when what was told so far is on record. */
  async settled(): Promise<void> {
    // One write may bring about another.
    for (let tail: unknown; tail !== this.#tail; ) {
      tail = this.#tail;
      await tail;
    }
  }

  #stateOf(node: Watched): NodeState {
    const { isBlind, isPresent, now, silentAfterMs } = this.#options;
    const { agent, heard, waiting, open } = node;
    const restored = open.has('restored') || open.has('rolled-back');
    const facts = { connected: isPresent(agent), heard, blind: isBlind(agent), waiting, restored };
    return nodeState(facts, now(), silentAfterMs);
  }

  #dropped(node: Watched, total: number): void {
    node.dropped = total;
    this.#write(async () => {
      const more = await this.#options.store.dropped(node.agent, total);
      if (more > 0) this.#opened(node, 'spool-dropped', more, sentences['spool-dropped'](more));
    });
  }

  #opened(node: Watched, kind: NodeIncidentKind, count: number, detail: string): void {
    const { store, now, log, tell } = this.#options;
    const isNew = !node.open.has(kind);
    const at = now();
    node.open.set(kind, { last: at });
    const { agent, node: name, cluster } = node;
    if (isNew) {
      log.warn({ node: name, agent, kind, count }, 'node incident');
      tell({ type: 'node-incident', state: 'opened', kind, node: name, cluster, agent, count, detail });
    }
    this.#write(() => store.openIncident(node, kind, count, detail, at));
  }

  #closed(node: Watched, kind: NodeIncidentKind): void {
    const { store, now, log, tell } = this.#options;
    if (!node.open.delete(kind)) return;
    const at = now();
    const { agent, node: name, cluster } = node;
    log.info({ node: name, agent, kind }, 'node incident is over');
    tell({ type: 'node-incident', state: 'closed', kind, node: name, cluster, agent });
    this.#write(() => store.closeIncident(agent, kind, at));
  }

  #forget(node: Watched): void {
    for (const kind of [...node.open.keys()]) this.#closed(node, kind);
    this.#nodes.delete(node.agent);
  }

  #write(work: () => Promise<unknown>): void {
    this.#tail = this.#tail.then(work).catch((err: unknown) => {
      this.#options.log.error({ err }, 'node incident not kept');
    });
  }

  #add({ agent, node, cluster }: NodeRef, heard: number): Watched {
    if (this.#nodes.size >= maxAgents) {
      const [oldest] = this.#nodes.keys();
      if (oldest !== undefined) this.#nodes.delete(oldest);
    }
    const made: Watched = { agent, node, cluster, heard, waiting: [0, 0], dropped: 0, open: new Map() };
    this.#nodes.set(agent, made);
    return made;
  }
}

const sentences = {
  silent: () => 'nothing is heard of it; look whether the node, its agent and the network between are there',
  blind: () => 'it does not see what it does on purpose; look at its event source',
  gap: (n: number) => `${n} records were lost before they came; its spool or its disk was damaged`,
  'spool-dropped': (n: number) =>
    `${n} records did not fit its spool while this collector could not be reached; raise spoolMaxMib there for longer outages`,
  restored: (n: number) => `restored from a backup: ${n} records acknowledged after it are not here`,
  'rolled-back': (n: number) =>
    `this collector lacks ${n} records that it acknowledged, and was not restored by whorl; look at its disk`,
} satisfies Partial<Record<NodeIncidentKind, (n: number) => string>>;

function clockSentence(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const where = aheadMs > 0 ? 'ahead of' : 'behind';
  return `its clock is ${seconds} s ${where} this collector's: orders to it may be refused as expired or not yet valid; synchronise both`;
}

function byTime(a: AgentRow, b: AgentRow): number {
  return a.lastSeen - b.lastSeen;
}
