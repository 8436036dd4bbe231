import type { Incident, Severity } from '../fingerprint/incident.ts';
import type { Report } from '../fingerprint/report.ts';
import type { Canaries } from './canaries.ts';
import type { Decision } from './core/decide.ts';
import { readRecord } from './core/read-record.ts';
import type { Fingerprints } from './fingerprints.ts';
import type { Floods } from './floods.ts';
import type { Learning } from './learning.ts';
import type { Nodes } from './nodes.ts';
import type {
  AgentBeat,
  AgentHandler,
  AgentHello,
  AgentLink,
  DriftStore,
  IncidentChange,
  Ingested,
  Log,
  RawRecord,
  ReadRecord,
  StoredReport,
} from './ports.ts';
import type { Provisionals } from './provisionals.ts';
import type { Reactions } from './reactions.ts';
import type { SettlingNodes } from './settling.ts';
import type { StateLine } from './state-line.ts';
import type { StoreTrouble } from './store-trouble.ts';

export interface CollectorParts {
  readonly store: DriftStore;
  readonly reactions: Reactions;
  readonly learning: Learning;
  readonly fingerprints: Fingerprints;
  readonly canaries: Canaries;
  readonly nodes: Nodes;
  readonly floods: Floods;
  readonly provisionals: Provisionals;
  readonly settling: SettlingNodes;
  readonly trouble: StoreTrouble;
  /** Connected agents by id; kept here, read by whoever sends to them. */
  readonly present: Map<string, Presence>;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
  /** An incident that was not known before is stored. */
  readonly counted: (severity: Severity) => void;
  /** Whether anybody hears what is told. */
  readonly listened: () => boolean;
}

/** What is known of a connected agent besides its hello. */
export interface Presence {
  readonly link: AgentLink;
  readonly since: number;
  heard: number;
  beat: AgentBeat | undefined;
}

/**
 * What follows when a record is stored. Of an incident its bytes are kept and read again where they are needed:
 * thousands wait for a commit at a time, and what was read is ten times as large.
 */
type Consequence =
  | {
      readonly kind: 'incident';
      readonly seq: number;
      readonly json: Uint8Array;
      readonly wished: Decision;
    }
  /** Nothing is done about it and nobody hears of it. */
  | { readonly kind: 'quiet'; readonly seq: number; readonly severity: Severity }
  | {
      readonly kind: 'report';
      readonly seq: number;
      readonly report: Exclude<Report, { readonly type: 'incident' }>;
    };

/** An incident's record, before it is decided what is wished for it. */
interface ReadIncident {
  readonly seq: number;
  readonly json: Uint8Array;
  readonly text: string;
  readonly report: Extract<Report, { readonly type: 'incident' }>;
}

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
    const { store, now, log, tell, reactions, fingerprints, provisionals, canaries, present } = this.#parts;
    const { nodes, floods } = this.#parts;
    const { agent, node, session } = link.hello;
    // First: what it was acknowledged is compared with what is here before it is told that.
    const forgotten = await nodes.came(link);
    floods.came(link);
    const stored = await store.openAgent(link.hello, now());
    await canaries.came(link);
    await this.#parts.settling.came(link.hello, forgotten);
    // The newest stream is the agent's: the older one is half-open, or a copy of the agent with the same spool.
    present.get(agent)?.link.refuse('replaced', 'another stream of the same agent has taken its place');
    present.set(agent, { link, since: now(), heard: now(), beat: undefined });
    log.info({ node, agent, session, stored }, 'agent connected');
    tell({ type: 'agent', state: 'connected', node, agent });
    this.#tellBeside(link);
    // After the welcome, which is sent when this returns.
    setImmediate(() => {
      fingerprints.sendAll(link);
      void provisionals
        .sendAll(link)
        .catch((err: unknown) => log.error({ node, err }, 'what was learned could not be handed out'));
      reactions.agentCame(link);
    });
    return stored;
  }

  /** Both go on: which of them is the stray only its operator knows, and a node that nobody watches is worse. */
  #tellBeside({ hello }: AgentLink): void {
    const { present, log, tell } = this.#parts;
    const { agent, node, source } = hello;
    const others = besideOf(hello, present);
    if (others.length === 0) return;
    const agents = [{ agent, source }, ...others];
    log.warn({ node, agents }, 'several agents watch one node');
    tell({ type: 'agents-beside', node, agents });
  }

  async deliver(link: AgentLink, records: readonly RawRecord[]): Promise<number> {
    const { log, tell, trouble, nodes } = this.#parts;
    const { node } = link.hello;
    this.#heard(link);
    const { ingesting, consequences } = this.#ingest(link, records);
    try {
      const ingested = await ingesting;
      const { before, stored, missing } = ingested;
      trouble.works();
      if (missing > 0) {
        log.warn({ node, missing }, 'records were lost before they reached the collector');
        tell({ type: 'missing', node, records: missing });
        nodes.missing(link.hello, missing);
      }
      const fresh = consequences.filter((c) => c.seq > before);
      this.#allStored(link, fresh, ingested);
      return stored;
    } catch (err) {
      log.error({ node, err }, 'records could not be stored');
      throw err;
    }
  }

  /** Not async: what was read must not live until the commit. */
  #ingest(
    link: AgentLink,
    raw: readonly RawRecord[],
  ): { ingesting: Promise<Ingested>; consequences: Consequence[] } {
    const consequences: Consequence[] = [];
    const records = raw.map((record) => this.#read(link, record, consequences));
    const ingesting = this.#parts.store.ingest({ hello: link.hello, records }, this.#parts.now());
    return { ingesting, consequences };
  }

  #read(link: AgentLink, { seq, kind, json }: RawRecord, consequences: Consequence[]): ReadRecord {
    const read = readRecord(kind, json, link.hello);
    if ('refused' in read) {
      this.#parts.log.warn({ node: link.hello.node, seq, reason: read.refused }, 'record refused');
      return { seq, refused: read.refused };
    }
    const { report, text } = read;
    const canary = this.#canaryOf(link, report);
    if (canary !== undefined) return { seq, json: text, report: canary };
    if (report.type !== 'incident') {
      consequences.push({ kind: 'report', seq, report });
      return { seq, json: text, report };
    }
    const passage = this.#parts.floods.judge(link, report.incident);
    if (!passage.passes) {
      const { id } = report.incident;
      const { kept } = passage;
      return { seq, json: text, folded: kept.kept ? { id, ...kept } : { id, rank: 0, ...kept } };
    }
    const stored = this.#incident({ seq, json, text, report }, consequences);
    return passage.unfolds ? { ...stored, unfolds: true } : stored;
  }

  #incident({ seq, json, text, report }: ReadIncident, consequences: Consequence[]): StoredReport {
    const wished = this.#parts.reactions.wish(report.incident);
    const by = wished.rule === undefined ? {} : { rule: wished.rule };
    if (wished.action !== 'none') {
      consequences.push({ kind: 'incident', seq, json, wished });
      return { seq, json: text, report };
    }
    const { reason } = wished;
    if (this.#parts.listened()) {
      consequences.push({ kind: 'incident', seq, json, wished });
      return { seq, json: text, report, reason, ...by };
    }
    consequences.push({ kind: 'quiet', seq, severity: report.incident.severity });
    return { seq, json: text, report, reason, ...by, quiet: true };
  }

  /** A canary's announcement, or its incident, which is none: neither has consequences. */
  #canaryOf(link: AgentLink, report: Report): Extract<Report, { type: 'canary' }> | undefined {
    const { canaries, now } = this.#parts;
    if (report.type === 'canary') {
      canaries.announced(link, report);
      return report;
    }
    const canary = report.type === 'incident' ? canaries.canaryOf(link, report.incident) : undefined;
    return canary && { type: 'canary', ...canary, period: 0, time: now() * 1000 };
  }

  /** Records are durable, for the first time: now they may have consequences. */
  #allStored(link: AgentLink, consequences: readonly Consequence[], ingested: Ingested): void {
    const places = new Map(ingested.placed.map(([seq, incident, change]) => [seq, { incident, change }]));
    const newDecisions = new Set(ingested.newDecisions);
    for (const consequence of consequences) {
      const { seq } = consequence;
      if (consequence.kind === 'report') this.#told(link, consequence.report);
      else if (consequence.kind === 'incident')
        this.#stored(link, consequence, places.get(seq), newDecisions.has(seq));
      else if (places.get(seq)?.change === 'opened') this.#parts.counted(consequence.severity);
    }
  }

  #stored(
    link: AgentLink,
    { json, wished }: Extract<Consequence, { readonly kind: 'incident' }>,
    place: { readonly incident: string; readonly change: IncidentChange } | undefined,
    isNewDecision: boolean,
  ): void {
    const incident = readAgain(json, link);
    if (incident === undefined) return;
    const { reactions, tell, counted } = this.#parts;
    const { change = 'grew', incident: row = incident.id } = place ?? {};
    if (change === 'opened') counted(incident.severity);
    tell({ type: 'incident', isNew: change === 'opened', change, row, incident });
    if (wished.action !== 'none') reactions.incident(incident, link.hello.agent);
    else if (isNewDecision) reactions.tellDecision(incident.id, wished);
  }

  #told(link: AgentLink, report: Exclude<Report, { readonly type: 'incident' }>): void {
    const { learning, provisionals, reactions, tell, log } = this.#parts;
    switch (report.type) {
      case 'receipt':
        tell({ type: 'receipt', receipt: report.receipt });
        reactions.receipt(report.receipt, link.hello.agent);
        return;
      case 'canary':
        return;
      case 'gap':
        tell({ type: 'gap', node: link.hello.node, lost: report.lost, reason: report.reason });
        return;
      case 'novelty':
        learning.changed(report.workload);
        return;
      case 'support':
      case 'instance':
        learning.changed(report.workload);
        void provisionals
          .reported(link, report)
          .catch((err: unknown) => log.error({ err }, 'what was learned could not be handed out'));
        return;
    }
  }

  /** What time alone has changed about nodes, and what was folded of a flood that is over; call it every second or so. */
  async look(): Promise<void> {
    this.#parts.nodes.look();
    await this.#parts.floods.look((link, texts) => this.#unfold(link, texts));
  }

  /** As if they came now, but they were acknowledged long ago. */
  async #unfold(link: AgentLink, texts: readonly string[]): Promise<void> {
    const consequences: Consequence[] = [];
    const records = texts.flatMap((text, at): StoredReport[] => {
      const json = Buffer.from(text);
      const read = readRecord('incident', json, link.hello);
      if ('refused' in read || read.report.type !== 'incident') return [];
      const { report } = read;
      return [{ ...this.#incident({ seq: at + 1, json, text, report }, consequences), unfolds: true }];
    });
    const unfolded = await this.#parts.store.unfold({ hello: link.hello, records }, this.#parts.now());
    this.#allStored(link, consequences, unfolded);
  }

  heartbeat(link: AgentLink, beat: AgentBeat): void {
    const presence = this.#heard(link);
    if (presence === undefined) return;
    presence.beat = beat;
    this.#parts.nodes.heartbeat(link, beat);
    this.#parts.canaries.heartbeat(link, beat);
  }

  #heard(link: AgentLink): Presence | undefined {
    const presence = this.#parts.present.get(link.hello.agent);
    if (presence?.link !== link) return undefined;
    presence.heard = this.#parts.now();
    this.#parts.nodes.heard(link.hello.agent);
    return presence;
  }

  disconnected(link: AgentLink): void {
    const { agent, node } = link.hello;
    const { present, log, tell } = this.#parts;
    if (present.get(agent)?.link !== link) return;
    present.delete(agent);
    log.info({ node, agent }, 'agent disconnected');
    tell({ type: 'agent', state: 'disconnected', node, agent });
  }
}

/** Agents that watch the same node at this moment, each with a source of its own: what happens there is told by each. */
export function besideOf(
  { agent, node, cluster }: Pick<AgentHello, 'agent' | 'node' | 'cluster'>,
  present: ReadonlyMap<string, Presence>,
): Pick<AgentHello, 'agent' | 'source'>[] {
  return [...present.values()]
    .map(({ link }) => link.hello)
    .filter((other) => other.agent !== agent && other.node === node && other.cluster === cluster)
    .map((other) => ({ agent: other.agent, source: other.source }));
}

function readAgain(json: Uint8Array, { hello }: AgentLink): Incident | undefined {
  const read = readRecord('incident', json, hello);
  return 'report' in read && read.report.type === 'incident' ? read.report.incident : undefined;
}
