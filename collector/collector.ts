import { readRecord } from './core/read-record.ts';
import type { Fingerprints } from './fingerprints.ts';
import type { Learning } from './learning.ts';
import type { AgentBeat, AgentHandler, AgentLink, DriftStore, Log, RawRecord, ReadRecord } from './ports.ts';
import type { Reactions } from './reactions.ts';
import type { StateLine } from './state-line.ts';
import type { StoreTrouble } from './store-trouble.ts';

export interface CollectorParts {
  readonly store: DriftStore;
  readonly reactions: Reactions;
  readonly learning: Learning;
  readonly fingerprints: Fingerprints;
  readonly trouble: StoreTrouble;
  /** Connected agents by id; kept here, read by whoever sends to them. */
  readonly present: Map<string, Presence>;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

/** What is known of a connected agent besides its hello. */
export interface Presence {
  readonly link: AgentLink;
  readonly since: number;
  heard: number;
  beat: AgentBeat | undefined;
}

const decoder = new TextDecoder();

/**
 * The pipeline of the central service: an agent connects, is told what is stored and given what is in force; its records
 * are read, stored, acknowledged, and what they mean is acted on.
 */
export class Collector implements AgentHandler {
  readonly #parts: CollectorParts;
  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  async connected(link: AgentLink): Promise<number> {
    const { store, now, log, tell, reactions, fingerprints } = this.#parts;
    const { agent, node, session } = link.hello;
    const stored = await store.openAgent(link.hello, now());
    // The newest stream is the agent's: the older one is half-open, or a copy of the agent with the same spool.
    this.#parts.present
      .get(agent)
      ?.link.refuse('replaced', 'another stream of the same agent has taken its place');
    this.#parts.present.set(agent, { link, since: now(), heard: now(), beat: undefined });
    log.info({ node, agent, session, stored }, 'agent connected');
    tell({ type: 'agent', state: 'connected', node, agent });
    // After the welcome, which is sent when this returns.
    setImmediate(() => {
      fingerprints.sendAll(link);
      reactions.agentCame(link);
    });
    return stored;
  }

  async deliver(link: AgentLink, records: readonly RawRecord[]): Promise<number> {
    const { store, now, log, tell } = this.#parts;
    const { hello } = link;
    this.#heard(link);
    const read = records.map((record) => this.#read(link, record));
    try {
      const { before, stored, missing, newIncidents } = await store.ingest({ hello, records: read }, now());
      this.#parts.trouble.works();
      if (missing > 0) {
        log.warn({ node: hello.node, missing }, 'records were lost before they reached the collector');
        tell({ type: 'missing', node: hello.node, records: missing });
      }
      for (const record of read) {
        if (record.seq > before) this.#stored(link, record, newIncidents.includes(record.seq));
      }
      return stored;
    } catch (err) {
      log.error({ node: hello.node, err }, 'records could not be stored');
      throw err;
    }
  }

  #read(link: AgentLink, { seq, kind, json }: RawRecord): ReadRecord {
    const read = readRecord(kind, json, link.hello);
    if ('report' in read) return { seq, json: decoder.decode(json), report: read.report };
    this.#parts.log.warn({ node: link.hello.node, seq, reason: read.refused }, 'record refused');
    return { seq, refused: read.refused };
  }

  /** A record is durable, for the first time: now it may have consequences. */
  #stored(link: AgentLink, record: ReadRecord, isNew: boolean): void {
    if ('refused' in record) return;
    const { reactions, learning, tell } = this.#parts;
    const { report } = record;
    switch (report.type) {
      case 'incident':
        tell({ type: 'incident', isNew, incident: report.incident });
        reactions.incident(report.incident, link.hello.agent);
        return;
      case 'receipt':
        tell({ type: 'receipt', receipt: report.receipt });
        reactions.receipt(report.receipt, link.hello.agent);
        return;
      case 'gap':
        tell({ type: 'gap', node: link.hello.node, lost: report.lost, reason: report.reason });
        return;
      case 'novelty':
      case 'support':
      case 'instance':
        learning.changed(report.workload);
        return;
    }
  }

  heartbeat(link: AgentLink, beat: AgentBeat): void {
    const presence = this.#heard(link);
    if (presence !== undefined) presence.beat = beat;
  }

  #heard(link: AgentLink): Presence | undefined {
    const presence = this.#parts.present.get(link.hello.agent);
    if (presence?.link !== link) return undefined;
    presence.heard = this.#parts.now();
    return presence;
  }

  disconnected(link: AgentLink): void {
    const { agent, node } = link.hello;
    if (this.#parts.present.get(agent)?.link !== link) return;
    this.#parts.present.delete(agent);
    this.#parts.log.info({ node, agent }, 'agent disconnected');
    this.#parts.tell({ type: 'agent', state: 'disconnected', node, agent });
  }
}
