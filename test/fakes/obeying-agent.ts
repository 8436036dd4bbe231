import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { epochFile } from '../../agent/adapters/epoch-file.ts';
import { SegmentSpool } from '../../agent/adapters/spool-segments.ts';
import { GrpcUplink } from '../../agent/adapters/uplink-grpc.ts';
import { Counters } from '../../agent/core/counters.ts';
import type { InstanceRecord } from '../../agent/core/instances.ts';
import { Epochs } from '../../agent/epochs.ts';
import { OrderDesk } from '../../agent/order-desk.ts';
import { Outbox } from '../../agent/outbox.ts';
import type { Downlink, Enforcer, Hold, StopRequest, StopResult } from '../../agent/ports.ts';
import type { StateLine } from '../../agent/state-line.ts';
import { StopHand } from '../../agent/stop-hand.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { parsePublicPem } from '../../fingerprint/keys.ts';
import { newTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import type { Order } from '../../fingerprint/order.ts';
import { verifyOrder } from '../../fingerprint/order-envelope.ts';
import type { Report } from '../../fingerprint/report.ts';
import { enrolled } from './enrolled.ts';
import { anApproval, anInstance } from './reports.ts';
import { vendor } from './trust.ts';

/** What was done to a made-up process, and by which order. Times in µs of the agent's clock. */
export interface Done {
  readonly order: Order;
  readonly action: StopRequest['action'];
  readonly incident: string;
  readonly target: string;
  readonly at: number;
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
  /** It takes orders, does nothing and says nothing: whoever has its certificate. */
  readonly isEvil?: boolean;
}

/** As many as a flood of the tests may have alive. */
const maxIncidents = 20_000;

/**
 * What of an agent speaks to a collector and obeys it, all of it real: spool, outbox, uplink, epochs, orders, the steps of
 * a stop. Made up are the node, its processes and what drifts; nothing that was ended is ended twice.
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
  readonly #desk: OrderDesk;
  readonly #incidents = new Map<string, Incident>();
  readonly #ended = new Set<string>();
  readonly #holds: Hold[] = [];
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
    this.#desk = this.#deskOf(parsePublicPem(readFileSync(commandKeyFile, 'utf8')));
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
    this.#running = this.#uplink.run(this.#downlink(told, commandKeyFile), this.#ending.signal);
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
    if (report.type === 'incident' && report.incident.approval !== undefined) this.#know(report.incident);
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
    this.#uplink.heartbeat({ time: now(), counters: {}, spool: this.spool.stats() });
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#obeying;
    await this.spool.close();
  }

  #downlink(epochs: Epochs, commandKeyFile: string): Downlink {
    const keys = [parsePublicPem(readFileSync(commandKeyFile, 'utf8'))];
    return {
      onWelcome: (welcome) => epochs.welcomed(welcome),
      onAck: (seq) => {
        this.acks += 1;
        this.#outbox.acked(seq);
        // What was acknowledged leaves the spool in its own time.
        void this.spool.ack(seq).then(() => this.#wake());
      },
      onFingerprint: (_envelope, taken) => taken?.(),
      onLease: (_envelope, taken) => taken?.(),
      onOrder: (envelope, taken) => {
        const order = verifyOrder(envelope, keys);
        this.#options.onOrder?.(order);
        this.#wake();
        if (this.#options.isEvil === true) return taken?.();
        this.#obeying = this.#obeying.then(async () => {
          this.#current = order;
          await this.#desk.take(envelope);
          this.#current = undefined;
          taken?.();
          this.#wake();
        });
      },
      onState: (state) => {
        this.#connected = state === 'connected';
        if (this.#connected) this.#outbox.connected();
        else this.#outbox.disconnected();
        this.#wake();
      },
    };
  }

  #deskOf(commandKey: ReturnType<typeof parsePublicPem>): OrderDesk {
    const { node, copies } = this.#options;
    const policy = newTrustPolicy({
      signer: vendor.publicKey,
      owner: 'Vendor Inc',
      image: 'example/**',
      maxMode: 'kill',
      commandKey,
      issuedAt: '2026-05-01T00:00:00Z',
    });
    const instances = new Map(copies.map((id) => [id, recordOf(id)]));
    const attribution = {
      instance: (id: string) => instances.get(id),
      subtree: (culprit: { pid: number; start: number }) => [culprit],
      isExclusive: () => true,
    };
    const watch = { incident: (id: string) => this.#incidents.get(id), approvalOf: () => anApproval };
    const enforcer: Enforcer = {
      act: async (request) => this.#act(request),
      holds: () => this.#holds,
      resume: async (which) => this.#resume(which === 'all' ? undefined : which.incident),
    };
    return new OrderDesk({
      node,
      session: this.session,
      trust: async () => policy,
      hand: new StopHand({ enforcer, attribution, watch, holdUs: 600_000_000, now }),
      enforcer,
      attribution,
      watch,
      now,
      counters: this.counters,
      log: silent,
      say: () => undefined,
      onStopped: () => undefined,
      onKill: () => undefined,
      onReceipt: (receipt) => void this.put({ type: 'receipt', receipt }),
    });
  }

  #act({ action, incident, culprit, cgroupPath, deadline }: StopRequest): StopResult {
    const target = `${culprit.pid}:${culprit.start}`;
    if (this.#ended.has(target)) return { result: 'target-gone', action, stopped: [] };
    const at = now();
    if (action === 'kill' || action === 'kill-subtree') this.#ended.add(target);
    else
      this.#holds.push({
        incident: incident.id,
        action,
        cgroupPath,
        pids: [culprit.pid],
        since: at,
        deadline,
      });
    if (this.#current === undefined) throw new Error('something is stopped that no order names');
    this.#options.onDone?.({ order: this.#current, action, incident: incident.id, target, at });
    return { result: 'done', action, stopped: [culprit.pid], stoppedAt: at };
  }

  #resume(incident: string | undefined): Hold[] {
    const going = this.#holds.filter((hold) => incident === undefined || hold.incident === incident);
    this.#holds.splice(0, this.#holds.length, ...this.#holds.filter((hold) => !going.includes(hold)));
    return going;
  }

  #hear(line: StateLine): void {
    if (line.type !== 'collector' || !('lost' in line)) return;
    const { stored, acked, lost } = line;
    this.#options.onLost?.({ stored, acked, lost });
  }

  #tellCopies(): void {
    for (const copy of this.#options.copies) this.put(anInstance(copy, 'started', this.#options.node));
  }

  #know(incident: Incident): void {
    const [oldest] = this.#incidents.keys();
    if (this.#incidents.size >= maxIncidents && oldest !== undefined) this.#incidents.delete(oldest);
    this.#incidents.set(incident.id, incident);
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

function recordOf(id: string): InstanceRecord {
  return {
    id,
    cgroupPath: `/${id}`,
    owner: { kind: 'cgroup', path: `/${id}`, owner: `cgroup/${id}` },
    container: undefined,
    startedAt: 1,
    first: { pid: 1, start: 1 },
    entrypointStart: 1,
    state: 'started',
    workload: undefined,
    surroundings: undefined,
    podImages: [],
    abandoned: false,
    live: 1,
    emptySince: 0,
    pen: [],
    actors: new Map(),
  };
}
