import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../../collector/adapters/store-sqlite.ts';
import { type BrakeLimits, defaultBrakes } from '../../collector/core/brake-limits.ts';
import { PolicyDecisions } from '../../collector/core/decide.ts';
import { defaultPolicy, type ResponsePolicy } from '../../collector/core/response-policy.ts';
import type { Disarms } from '../../collector/disarms.ts';
import type { HeldOrders } from '../../collector/held-orders.ts';
import { LeaseGranter, type LeaseToSign } from '../../collector/lease-granter.ts';
import type { Trusted } from '../../collector/lease-wishes.ts';
import type { ManualOrders } from '../../collector/manual-orders.ts';
import type { AuditLog } from '../../collector/ports/audit.ts';
import type { AgentBeat, AgentHello, AgentLink } from '../../collector/ports.ts';
import type { Reactions } from '../../collector/reactions.ts';
import type { SettlingNodes } from '../../collector/settling.ts';
import type { StateLine } from '../../collector/state-line.ts';
import { Stopping } from '../../collector/stopping.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Order, Receipt } from '../../fingerprint/order.ts';
import type { Report } from '../../fingerprint/report.ts';
import { reportBytes } from '../../fingerprint/report-json.ts';
import { anInstance } from './reports.ts';

type Entry = Parameters<AuditLog['record']>[0];

/** Everything of a collector that decides what is stopped, on a real store, under a clock of the test's own. */
export class BrakedCollector {
  now = Date.UTC(2026, 0, 1);
  policy: ResponsePolicy = { ...defaultPolicy, mode: 'kill', maxAgeMinutes: 1_000_000_000 };
  trusted: readonly Trusted[] = [];
  readonly present = new Map<string, { link: AgentLink; beat: AgentBeat | undefined }>();
  readonly orders: Order[] = [];
  readonly leases: LeaseToSign[] = [];
  readonly lines: StateLine[] = [];
  readonly audited: Entry[] = [];
  readonly #dir = mkdtempSync(join(tmpdir(), 'whorl-braked-'));
  readonly #limits: BrakeLimits;
  readonly #seqs = new Map<string, number>();
  #ids = 0;
  store!: SqliteStore;
  reactions!: Reactions;
  held!: HeldOrders;
  disarms!: Disarms;
  settling!: SettlingNodes;
  manual!: ManualOrders;
  granter!: LeaseGranter;
  stopping!: Stopping;

  private constructor(limits: BrakeLimits) {
    this.#limits = limits;
  }

  static async start(limits: Partial<BrakeLimits> = {}): Promise<BrakedCollector> {
    const made = new BrakedCollector({ ...defaultBrakes, rolloutMs: 0, ...limits });
    await made.#begin();
    return made;
  }

  async restart(): Promise<void> {
    await this.store.close();
    this.present.clear();
    await this.#begin();
  }

  async stop(): Promise<void> {
    await this.store.close();
    rmSync(this.#dir, { recursive: true });
  }

  async #begin(): Promise<void> {
    const limits = this.#limits;
    this.store = await SqliteStore.open(join(this.#dir, 'whorl.db'));
    const { store, present } = this;
    const log = { info: () => undefined, warn: () => undefined, error: (f: object) => fail(f) };
    const now = () => this.now;
    const newId = () => `id-${++this.#ids}`;
    const audit: AuditLog = { record: async (entry) => this.audited.push(entry) };
    const signer = { sign: (order: Order) => Buffer.from(JSON.stringify(order)) };
    const basics = { newId, now, log, tell: (line: StateLine) => void this.lines.push(line) };
    const stopping = new Stopping({
      ...basics,
      store,
      signer,
      policy: () => new PolicyDecisions({ ...this.policy, limits: limitsIn(limits) }),
      present,
      audit,
    });
    const { reactions, held, disarms, settling, manual } = stopping;
    Object.assign(this, { stopping, reactions, held, disarms, settling, manual });
    this.granter = new LeaseGranter({
      ...basics,
      ...stopping,
      store: store.brakes.leases,
      copies: store.brakes.copies,
      limits: () => limits,
      present,
      signer: { sign: (lease) => Buffer.from(JSON.stringify(lease)) },
      trusted: async () => this.trusted,
      leaseOf: () => (envelope) => void this.leases.push(JSON.parse(Buffer.from(envelope).toString())),
    });
    await stopping.restore();
  }

  /** An agent connects, says that its spool is empty, and tells of its copies. */
  async agent(name: string, copies: readonly string[] = [], over: Partial<AgentHello> = {}): Promise<void> {
    const about = { cluster: 'local', session: name.padEnd(32, '0'), version: '1', source: 'sensor' };
    const coverage: AgentHello['coverage'] = ['exec'];
    const hello: AgentHello = { agent: name, node: `node-${name}`, ...about, coverage, acked: 0, ...over };
    const link: AgentLink = {
      hello,
      order: (envelope) => void this.orders.push(JSON.parse(Buffer.from(envelope).toString())),
      fingerprint: () => undefined,
      lease: () => undefined,
      refuse: () => undefined,
    };
    await this.store.openAgent(hello, this.now);
    await this.settling.came(hello);
    this.present.set(name, { link, beat: undefined });
    this.beat(name);
    await this.tell(name, ...copies.map((copy) => anInstance(copy, 'started', hello.node)));
  }

  beat(name: string): void {
    const agent = this.present.get(name);
    if (agent === undefined) throw new Error(`no agent ${name}`);
    agent.beat = { time: this.now * 1000, counters: {}, spool: { records: 0, bytes: 0, dropped: 0 } };
  }

  async tell(name: string, ...reports: readonly Report[]): Promise<void> {
    const hello = this.present.get(name)?.link.hello;
    if (hello === undefined || reports.length === 0) return;
    const first = (this.#seqs.get(name) ?? 0) + 1;
    this.#seqs.set(name, first + reports.length - 1);
    const records = reports.map((report, i) => ({
      seq: first + i,
      report,
      json: Buffer.from(reportBytes(report)).toString(),
    }));
    await this.store.ingest({ hello, records }, this.now);
  }

  async incident(name: string, ...incidents: readonly Incident[]): Promise<void> {
    await this.tell(name, ...incidents.map((incident) => ({ type: 'incident', incident }) as const));
    for (const incident of incidents) this.reactions.incident(incident, name);
    await this.reactions.settled();
  }

  async receipt(name: string, receipt: Receipt): Promise<void> {
    await this.tell(name, { type: 'receipt', receipt });
    this.reactions.receipt(receipt, name);
    // The incident is looked up first: a question to the same thread comes back after that one.
    await this.store.setting('');
    await this.reactions.settled();
  }
}

function fail({ err }: { readonly err?: unknown }): void {
  throw err;
}

/** As a policy says them. */
function limitsIn({ windowMs, rolloutMs, settlingMs, ...counts }: BrakeLimits): ResponsePolicy['limits'] {
  const minutes = (ms: number): number => ms / 60_000;
  return {
    ...counts,
    windowMinutes: minutes(windowMs),
    rolloutMinutes: minutes(rolloutMs),
    settlingMinutes: minutes(settlingMs),
  };
}
