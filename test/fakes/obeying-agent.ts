import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { epochFile } from '../../agent/adapters/epoch-file.ts';
import { SegmentSpool } from '../../agent/adapters/spool-segments.ts';
import { GrpcUplink } from '../../agent/adapters/uplink-grpc.ts';
import { Counters } from '../../agent/core/counters.ts';
import { Epochs } from '../../agent/epochs.ts';
import { Outbox } from '../../agent/outbox.ts';
import type { Downlink } from '../../agent/ports/uplink.ts';
import type { StateLine } from '../../agent/state-line.ts';
import { type PublicKey, parsePublicPem } from '../../fingerprint/keys.ts';
import type { Order } from '../../fingerprint/order.ts';
import { verifyOrder } from '../../fingerprint/order-envelope.ts';
import type { Report } from '../../fingerprint/report.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { enrolled } from './enrolled.ts';
import { MadeUpNode, type Stopped } from './made-up-node.ts';
import { type Cargo, NodeDesks } from './node-desks.ts';
import { anInstance } from './reports.ts';

/** What was stopped, and by which order. */
export interface Done extends Stopped {
  readonly order: Order;
}

export interface ObeyingAgentOptions {
  readonly dir: string;
  readonly node: string;
  readonly address: string;
  readonly caFile: string;
  readonly commandKeyFile: string;
  /** Copies of the shop that run there. */
  readonly copies: readonly string[];
  readonly onDone?: (done: Done) => void;
  /** The collector lacks what it acknowledged. */
  readonly onLost?: (told: {
    readonly stored: number;
    readonly acked: number;
    readonly lost: number;
  }) => void;
  readonly onOrder?: (order: Order) => void;
  /** What the agent says of itself. */
  readonly onTold?: (line: StateLine) => void;
  /** Told of whatever comes down. @returns false when it is lost on the way */
  readonly carries?: (what: Cargo, envelope: Uint8Array) => boolean;
  /** It takes orders, does nothing and says nothing: whoever has its certificate. */
  readonly isEvil?: boolean;
}

/**
 * What of an agent speaks to a collector and obeys it, all of it real: spool, outbox, uplink, epochs, documents, orders, the
 * steps of a stop. Leases are taken and never used: each stop is asked for. Made up are the node, its processes and what drifts; nothing that was ended is ended twice.
 */
export class ObeyingAgent {
  readonly counters = new Counters();
  readonly spool: SegmentSpool;
  readonly agent: string;
  readonly session = randomBytes(16).toString('hex');
  /** How often something was acknowledged. */
  acks = 0;
  readonly #options: ObeyingAgentOptions;
  readonly #outbox: Outbox;
  readonly #uplink: GrpcUplink;
  readonly #desks: NodeDesks;
  readonly #made: MadeUpNode;
  readonly #commandKey: PublicKey;
  readonly #ending = new AbortController();
  readonly #wakers: (() => void)[] = [];
  #current: Order | undefined;
  #obeying: Promise<void> = Promise.resolve();
  #running: Promise<void> = Promise.resolve();
  #lastSeq: number | undefined;
  #connected = false;

  static async open(options: ObeyingAgentOptions): Promise<ObeyingAgent> {
    const dir = join(options.dir, 'spool');
    mkdirSync(dir, { recursive: true });
    const idFile = join(dir, 'agent-id');
    if (!existsSync(idFile)) writeFileSync(idFile, randomBytes(16).toString('hex'), { flush: true });
    return new ObeyingAgent(options, await SegmentSpool.open({ dir }), readFileSync(idFile, 'utf8'));
  }

  private constructor(options: ObeyingAgentOptions, spool: SegmentSpool, agent: string) {
    const { dir, node, address, caFile, commandKeyFile } = options;
    this.#options = options;
    this.spool = spool;
    this.agent = agent;
    this.#made = new MadeUpNode(options.copies, (stopped) => this.#stopped(stopped));
    this.#tellsNumbers();
    const epochs = epochFile(join(dir, 'epoch.json'));
    const [session, log, counters] = [this.session, silent, this.counters];
    this.#uplink = new GrpcUplink({
      address,
      identity: enrolled(caFile, { node }),
      agent,
      node,
      cluster: 'local',
      session,
      version: 'test',
      source: 'fake',
      coverage: ['exec'],
      acked: spool.acked,
      get epoch() {
        return epochs.known?.epoch;
      },
      random: Math.random,
    });
    const outbox = new Outbox({ spool, uplink: this.#uplink, counters, log });
    this.#outbox = outbox;
    this.#commandKey = parsePublicPem(readFileSync(commandKeyFile, 'utf8'));
    this.#desks = new NodeDesks({
      dir,
      node,
      session,
      commandKey: this.#commandKey,
      made: this.#made,
      counters,
      say: (line) => this.#hear(line),
      onReceipt: (receipt) => void this.put({ type: 'receipt', receipt }),
    });
    const retell = (): void => this.#tellCopies();
    const told = new Epochs({
      store: epochs,
      outbox,
      retell,
      counters,
      now,
      log,
      say: (line) => this.#hear(line),
    });
    const down = this.#downlink(told);
    this.#running = this.#desks.open().then(() => this.#uplink.run(down, this.#ending.signal));
    this.#tellCopies();
  }

  /** The outbox does not say which number a report was given; the spool does. */
  #tellsNumbers(): void {
    const append = this.spool.append.bind(this.spool);
    this.spool.append = (record) => {
      this.#lastSeq = append(record);
      return this.#lastSeq;
    };
  }

  /** @returns the number it was given; undefined when the spool has no room */
  put(report: Report): number | undefined {
    if (report.type === 'incident' && report.incident.approval !== undefined)
      this.#made.drifted(report.incident);
    this.#lastSeq = undefined;
    this.#outbox.put(report);
    return this.#lastSeq;
  }

  /** Resolves when all that was put was acknowledged, and every order that came was answered. */
  async drained(): Promise<void> {
    while (this.spool.stats().records > 0) await this.#next();
    await this.#obeying;
  }

  async connected(): Promise<void> {
    await this.until(() => this.#connected);
  }

  /** Looked at again whenever something has happened to it. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#next();
  }

  heartbeat(): void {
    this.#uplink.heartbeat({ time: now(), counters: this.counters.snapshot(), spool: this.spool.stats() });
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#obeying;
    await this.spool.close();
  }

  /** As if it came down at this moment, whoever sends it. Resolves when it was looked at. */
  take(what: Cargo, envelope: Uint8Array): Promise<void> {
    if (what !== 'order') return this.#desks.take(what, envelope);
    const order = verifyOrder(envelope, [this.#commandKey]);
    this.#obeying = this.#obeying.then(async () => {
      this.#current = order;
      await this.#desks.take(what, envelope);
      this.#current = undefined;
      this.#wake();
    });
    return this.#obeying;
  }

  /** By which version of a person's fingerprint a workload is judged here; undefined: by none. */
  judgedBy(workload: Workload): number | undefined {
    return this.#desks.fingerprints.judging(workload)?.approval.version;
  }

  #downlink(epochs: Epochs): Downlink {
    const came = (what: Cargo) => (envelope: Uint8Array, taken?: () => void) => {
      const isHere = this.#options.carries?.(what, envelope) !== false;
      if (what === 'order') {
        this.#options.onOrder?.(verifyOrder(envelope, [this.#commandKey]));
        this.#wake();
      }
      if (!isHere || (what === 'order' && this.#options.isEvil === true)) return taken?.();
      void this.take(what, envelope).finally(taken);
    };
    return {
      onWelcome: (welcome) => epochs.welcomed(welcome),
      onAck: (seq) => {
        this.acks += 1;
        this.#outbox.acked(seq);
        // What was acknowledged leaves the spool in its own time.
        void this.spool.ack(seq).then(() => this.#wake());
      },
      onFingerprint: came('fingerprint'),
      onLease: came('lease'),
      onOrder: came('order'),
      onState: (state) => {
        this.#connected = state === 'connected';
        if (this.#connected) this.#outbox.connected();
        else this.#outbox.disconnected();
        this.#wake();
      },
    };
  }

  #stopped(stopped: Stopped): void {
    if (this.#current === undefined) throw new Error('something is stopped that no order names');
    this.#options.onDone?.({ order: this.#current, ...stopped });
  }

  #hear(line: StateLine): void {
    this.#options.onTold?.(line);
    if (line.type !== 'collector' || !('lost' in line)) return;
    const { stored, acked, lost } = line;
    this.#options.onLost?.({ stored, acked, lost });
  }

  #tellCopies(): void {
    for (const copy of this.#options.copies) this.put(anInstance(copy, 'started', this.#options.node));
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#wakers.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const now = (): number => Date.now() * 1000;
