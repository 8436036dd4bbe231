import { join } from 'node:path';
import type { Incident } from '../../../fingerprint/incident.ts';
import type { Report } from '../../../fingerprint/report.ts';
import { formatSeconds } from '../../../fingerprint/time.ts';
import { approvalFor, itemFor } from '../../fakes/approved.ts';
import { callControl } from '../../fakes/control.ts';
import { shop } from '../../fakes/reports.ts';
import { version } from '../../fakes/signed.ts';
import { baseline } from '../../fakes/trust.ts';
import { SmallFleet } from './small-fleet.ts';

/** Budgets that the drifts of a test do not use up. */
const roomy = { rolloutMinutes: 0, nodeShare: 1, ownerShare: 1, stopsPerWorkload: 10 };

/** An order of before the restore, and what it was about. */
interface Earlier {
  readonly order: Uint8Array;
  readonly incident: Incident;
}

/**
 * A collector that was put back to its backup of yesterday, under three agents that live on. The first is given orders alone:
 * no lease goes to whom nothing was heard of by a heartbeat. The second has leases. The third came after the backup.
 */
export class RestoredFleet {
  readonly fleet: SmallFleet;
  readonly todays = signed(2);
  /** It was obeyed before the backup. */
  yesterday!: Earlier;
  /** It was lost on its way when the collector ended. */
  today!: Earlier;
  leaseOfToday!: Uint8Array;
  /** The highest number that each node was acknowledged by the time of the backup, and in all before the restore. */
  atBackup!: ReadonlyMap<string, number>;
  acked!: ReadonlyMap<string, number>;
  /** What came down before the restore, and what the collector had told. */
  before = { sent: 0, lines: 0 };
  /** Where the restore says it has put the database of today. */
  aside = '';

  private constructor(fleet: SmallFleet) {
    this.fleet = fleet;
  }

  static async start(): Promise<RestoredFleet> {
    const restored = new RestoredFleet(await SmallFleet.start(roomy));
    try {
      const backup = await restored.#liveYesterday();
      await restored.#liveToday();
      await restored.#restore(backup);
    } catch (error) {
      await restored.fleet.close();
      throw error;
    }
    return restored;
  }

  async #liveYesterday(): Promise<string> {
    const { fleet } = this;
    await fleet.agent('node-1', ['copy-1', 'copy-2', 'copy-3']);
    await fleet.agent('node-2', ['copy-4', 'copy-5']);
    await this.handOut(signed(1));
    const incident = fleet.drifting('node-1', 'copy-1');
    fleet.drift(incident);
    await fleet.until(() => fleet.done.length === 1);
    this.yesterday = { order: newest(fleet.cameTo('node-1', 'order')), incident };
    this.tell('yesterday', 5);
    await this.drained();
    const backup = join(fleet.dir, 'monday.tar');
    await fleet.whorl(['collector', 'backup', '--out', backup, '--reason', 'nightly']);
    this.atBackup = this.#acknowledged();
    return backup;
  }

  /** Another fingerprint, one more node, a lease, more drift, and an order that does not arrive. */
  async #liveToday(): Promise<void> {
    const { fleet } = this;
    await this.handOut(this.todays);
    await fleet.agent('node-3', ['copy-6']);
    await fleet.until(() => this.#all().every((agent) => agent.judgedBy(shop) === 2));
    this.leaseOfToday = await this.newLease();
    fleet.loses = ({ what }) => what === 'order';
    const incident = fleet.drifting('node-1', 'copy-2');
    fleet.drift(incident);
    await fleet.until(() => fleet.cameTo('node-1', 'order').length === 2);
    this.today = { order: newest(fleet.cameTo('node-1', 'order')), incident };
    this.tell('today', 20);
    await this.drained();
    fleet.loses = () => false;
    this.acked = this.#acknowledged();
  }

  async #restore(backup: string): Promise<void> {
    const { fleet } = this;
    const code = await fleet.stopCollector();
    if (code !== 0) throw new Error(`the collector ended with ${code}: ${fleet.collector.said}`);
    this.tell('while it was away', 3);
    const said = await fleet.whorl(['collector', 'restore', backup, '--reason', 'disk lost']);
    this.aside = said.match(/lies in (.*)$/m)?.[1] ?? '';
    this.before = { sent: fleet.sent.length, lines: fleet.lines.length };
    await fleet.startCollector(roomy);
    await fleet.until(() => this.nodes.every((node) => fleet.linesOf(node, 'collector').length > 0));
    this.tell('afterwards', 4);
    await this.drained();
  }

  get nodes(): readonly string[] {
    return [...this.fleet.agents.keys()];
  }

  /** How many records the collector of yesterday lacks of a node. */
  lostOf(node: string): number {
    return (this.acked.get(node) ?? 0) - (this.atBackup.get(node) ?? 0);
  }

  /** Resolves when each agent has looked at them. */
  async handOut(documents: readonly Uint8Array[]): Promise<void> {
    const { fleet } = this;
    const due = this.nodes.map((node) => fleet.cameTo(node, 'fingerprint').length + documents.length);
    for (const document of documents) {
      const socket = String(fleet.ready.controlSocket);
      const { status, body } = await callControl(socket, 'POST', '/api/v1/documents', document);
      if (status !== 200) throw new Error(`refused: ${JSON.stringify(body)}`);
    }
    const isThere = (node: string, i: number) => fleet.cameTo(node, 'fingerprint').length === due[i];
    await fleet.until(() => this.nodes.every(isThere));
    // One after the other: what came before was looked at when this was.
    for (const agent of this.#all())
      for (const document of documents) await agent.take('fingerprint', document);
  }

  /** Records of every agent that are told apart in the database. */
  tell(when: string, count: number): void {
    const report: Report = { type: 'gap', since: 1, until: 2, lost: 1, reason: when };
    for (const agent of this.#all()) for (let i = 0; i < count; i += 1) agent.put(report);
  }

  async drained(): Promise<void> {
    await Promise.all(this.#all().map((agent) => agent.drained()));
  }

  async newLease(): Promise<Uint8Array> {
    const { fleet } = this;
    const before = fleet.cameTo('node-2', 'lease').length;
    fleet.agents.get('node-2')?.heartbeat();
    await fleet.until(() => fleet.cameTo('node-2', 'lease').length > before);
    return newest(fleet.cameTo('node-2', 'lease'));
  }

  #all() {
    return [...this.fleet.agents.values()];
  }

  #acknowledged(): ReadonlyMap<string, number> {
    return new Map([...this.fleet.agents].map(([node, { spool }]) => [node, spool.acked]));
  }
}

/** What a person signs of this version, and the approval of it. */
function signed(number: 1 | 2): readonly Uint8Array[] {
  const time = (fromNowMs: number): string => formatSeconds((Date.now() + fromNowMs) * 1000);
  const about = { issuedAt: time(-60_000), expiresAt: time(86_400_000), version: number };
  const of = { ...baseline, subject: shop.subject };
  const document = version({ ...about, stream: shop.subject.name }, of);
  return [document, approvalFor([itemFor(document)], { version: number })];
}

function newest(envelopes: readonly Uint8Array[]): Uint8Array {
  const last = envelopes.at(-1);
  if (last === undefined) throw new Error('nothing came');
  return last;
}
