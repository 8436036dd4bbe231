import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { StateLine } from '../../../agent/state-line.ts';
import { main } from '../../../cli/main.ts';
import type { Incident } from '../../../fingerprint/incident.ts';
import type { Order } from '../../../fingerprint/order.ts';
import { Child } from '../../fakes/children.ts';
import { fakeIo } from '../../fakes/io.ts';
import type { Cargo } from '../../fakes/node-desks.ts';
import { type Done, ObeyingAgent } from '../../fakes/obeying-agent.ts';
import { aDrift, anIncident } from '../../fakes/reports.ts';

const program = new URL('../../fakes/collector-process.ts', import.meta.url);

export interface Held {
  readonly incident: string;
  readonly wanted: string;
  readonly done: string;
  readonly reason: string;
  readonly sentence: string;
}

/** What came down to a node. */
export interface Sent {
  readonly node: string;
  readonly what: Cargo;
  readonly envelope: Uint8Array;
}

/** A real collector in a process of its own, and agents in this one that connect to it by gRPC. */
export class SmallFleet {
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-fleet-'));
  readonly agents = new Map<string, ObeyingAgent>();
  /** As they came to agents, whether or not they were obeyed. */
  readonly orders: Order[] = [];
  readonly done: Done[] = [];
  /** Everything that came down, in its order. */
  readonly sent: Sent[] = [];
  /** What agents said of themselves. */
  readonly told: { readonly node: string; readonly line: StateLine }[] = [];
  readonly lines: Record<string, unknown>[] = [];
  /** Whether something is lost on its way down. */
  loses: (sent: Sent) => boolean = () => false;
  collector!: Child;
  ready: Record<string, unknown> = {};
  #count = 0;
  #wakers: (() => void)[] = [];

  static async start(config: object = {}): Promise<SmallFleet> {
    const fleet = new SmallFleet();
    try {
      await fleet.startCollector(config);
    } catch (error) {
      await fleet.close();
      throw error;
    }
    return fleet;
  }

  async startCollector(config: object = {}): Promise<void> {
    this.collector = this.launch(config);
    this.ready = await this.collector.line((line) => line.type === 'collector-ready');
  }

  /** Another collector on the same directory, whatever becomes of it. */
  launch(config: object): Child {
    const listen = this.ready.address ?? '127.0.0.1:0';
    const about = { dataDir: this.dir, listen, eventsJson: true, logLevel: 'error', mode: 'kill', ...config };
    return new Child(program, about, (line) => {
      this.lines.push(line);
      this.#wake();
    });
  }

  /** Connected, with its copies on record. */
  async agent(
    node: string,
    copies: readonly string[],
    more: { isEvil?: boolean } = {},
  ): Promise<ObeyingAgent> {
    const { address, caFile, commandKeyFile } = this.ready;
    const agent = await ObeyingAgent.open({
      dir: join(this.dir, 'agents', node),
      node,
      copies,
      address: String(address),
      caFile: String(caFile),
      commandKeyFile: String(commandKeyFile),
      onOrder: (order) => {
        this.orders.push(order);
        this.#wake();
      },
      onDone: (done) => {
        this.done.push(done);
        this.#wake();
      },
      onTold: (line) => {
        this.told.push({ node, line });
        this.#wake();
      },
      carries: (what, envelope) => {
        const sent = { node, what, envelope };
        this.sent.push(sent);
        this.#wake();
        return !this.loses(sent);
      },
      ...more,
    });
    this.agents.set(node, agent);
    await agent.connected();
    await agent.drained();
    return agent;
  }

  /** Of another cause and another process than every other one. */
  drifting(node: string, copy: string, drift: Partial<Incident['drifts'][number]> = {}): Incident {
    this.#count += 1;
    const id = this.#count.toString(16).padStart(64, '0');
    const process = { pid: 1000 + this.#count, start: 99_000_000 + this.#count };
    const time = Date.now() * 1000;
    return anIncident({
      id,
      instance: { id: copy, node, startedAt: 1 },
      drifts: [{ ...aDrift, key: id, process, ...drift }],
      culprit: process,
      first: time,
      last: time,
    });
  }

  drift(incident: Incident): void {
    this.agents.get(incident.instance.node)?.put({ type: 'incident', incident });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wakers.push(resolve));
  }

  /** Incidents on which something was decided, in the order in which it was told first. */
  decided(): string[] {
    const lines = this.lines.filter(({ type }) => type === 'decision' || type === 'order');
    return [...new Set(lines.map(({ incident }) => String(incident)))];
  }

  ordered(action: Order['action'], node?: string): Order[] {
    return this.orders.filter((o) => o.action === action && (node === undefined || o.target.node === node));
  }

  /** What came down to one node, in its order. */
  cameTo(node: string, what: Cargo): Uint8Array[] {
    return this.sent.flatMap((s) => (s.node === node && s.what === what ? [s.envelope] : []));
  }

  /** What one agent said of this kind. */
  linesOf<T extends StateLine['type']>(node: string, type: T): Extract<StateLine, { type: T }>[] {
    const isIt = (line: StateLine): line is Extract<StateLine, { type: T }> => line.type === type;
    return this.told.flatMap(({ node: of, line }) => (of === node && isIt(line) ? [line] : []));
  }

  /** What was left for a person. Ends everything. */
  held(): Promise<Held[]> {
    return this.read((db) =>
      db
        .prepare<[], Held>(
          "SELECT incident, wanted, done, reason, sentence FROM held_orders WHERE state = 'waiting'",
        )
        .all(),
    );
  }

  /** Ends everything and looks into the collector's database. */
  async read<T>(question: (db: Sqlite.Database) => T): Promise<T> {
    await this.#end();
    const db = new Sqlite(this.database, { readonly: true });
    try {
      return question(db);
    } finally {
      db.close();
    }
  }

  get database(): string {
    return join(this.dir, 'collector', 'whorl.db');
  }

  async #end(): Promise<void> {
    for (const agent of this.agents.values()) await agent.drained();
    await this.stopCollector();
  }

  /** As its service manager does. @returns its exit code */
  async stopCollector(): Promise<number | null> {
    this.collector.kill('SIGTERM');
    return await this.collector.ended();
  }

  /** The command line on the collector's machine. @returns what it printed */
  async whorl(args: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<string> {
    const io = fakeIo(files, { now: Date.now });
    await main([...args, '--data-dir', this.dir], io);
    if (io.exitCode !== 0) throw new Error(`whorl ${args.join(' ')}: ${io.stderr.join('; ')}`);
    return io.stdout.join('\n');
  }

  async close(): Promise<void> {
    for (const agent of this.agents.values()) await agent.close();
    this.collector.kill('SIGKILL');
    await this.collector.ended();
    rmSync(this.dir, { recursive: true, force: true });
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }
}
