import type { AgentDeps, Normaliser } from '../../agent/agent-deps.ts';
import { type AgentConfig, parseAgentConfig } from '../../agent/config.ts';
import type { ObjectSource } from '../../agent/ports/containers.ts';
import type { ArmState, DisarmLabel } from '../../agent/ports/disarm.ts';
import type { Hold, Quarantine, StopRequest } from '../../agent/ports/enforcer.ts';
import type { AgentState, KeptPolicy } from '../../agent/ports/kept.ts';
import type { SourceSink } from '../../agent/ports/source.ts';
import { SourceError } from '../../agent/ports/source.ts';
import type { StateView } from '../../agent/ports/state-view.ts';
import type { Downlink, EpochStore } from '../../agent/ports/uplink.ts';
import type { CanaryHand, ControlHandler, KnownEpoch, Surroundings } from '../../agent/ports.ts';
import type { StateLine } from '../../agent/state-line.ts';
import { behaviourKinds, type ContainerRef, type Event } from '../../fingerprint/event.ts';
import type { Report } from '../../fingerprint/report.ts';
import { parseReport } from '../../fingerprint/report-json.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import { envelopesOn, stateOn } from './memory-disk.ts';

/** An agent without a kernel, a disk or a collector: events in, what it said, sent and did out. */
export class FakeWorld {
  readonly lines: StateLine[] = [];
  readonly reports: Report[] = [];
  readonly acts: StopRequest[] = [];
  /** Records that were written when each act began. */
  readonly writtenAtActs: number[] = [];
  readonly kept = new Map<string, Uint8Array>();
  readonly spool = new FakeSpool();
  readonly epochs = fakeEpochs();
  readonly stop = new AbortController();
  readonly config: AgentConfig;
  /** Whose a cgroup is; a function that throws is a broken runtime. */
  identify: (cgroupPath: string) => ContainerRef | undefined = () => undefined;
  /** What is around the copy whose first process has this pid. */
  surroundings: (pid: number) => Surroundings | undefined = () => undefined;
  policy: TrustPolicy | undefined;
  policies: readonly KeptPolicy[] = [];
  podSource: ObjectSource | undefined;
  namespaceSource: ObjectSource | undefined;
  /** Labels that disarm, as they are kept. */
  labels: readonly DisarmLabel[] = [];
  view: StateView | undefined;
  canary: CanaryHand | string | undefined;
  state: AgentState = { streams: {}, aliveAt: 0 };
  holds: Hold[] = [];
  /** How busy the event loop is. */
  utilisation = 0;
  now = Date.parse('2026-05-03T12:00:00Z') * 1000;
  /** A clock that nobody sets. */
  steady = 0;
  quarantine: Quarantine | undefined;
  /** What somebody on the node said. */
  armState: ArmState | undefined;
  downlink: Downlink | undefined;
  control: ControlHandler | undefined;
  #feed = new Feed();
  #waiting: (() => void)[] = [];

  constructor(config: object = {}) {
    this.config = parseAgentConfig({ node: 'node-1', ...config });
  }

  /** The source says this. */
  see(...events: readonly Event[]): void {
    const bytes = new TextEncoder().encode(JSON.stringify(events));
    this.#feed.put((sink) => sink.bytes(bytes, this.now));
  }

  /** The source ends, for this reason. */
  breaks(reason: string): void {
    this.#feed.put(() => {
      throw new SourceError('source-ended', reason);
    });
  }

  /** Resolves when something the agent said, sent or did makes it true. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (let found = find(); ; found = find()) {
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  line<T extends StateLine['type']>(type: T): Promise<Extract<StateLine, { type: T }>> {
    const isIt = (l: StateLine): l is Extract<StateLine, { type: T }> => l.type === type;
    return this.until(() => this.lines.find(isIt));
  }

  #happened(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  deps(): AgentDeps {
    const feed = this.#feed;
    return {
      source: { name: 'fake', run: (sink, signal) => feed.drain(sink, signal) },
      normaliser: jsonNormaliser,
      runtimes: [{ name: 'fake', identify: async (path) => this.identify(path) }],
      surroundings: { of: async ({ pid }) => this.surroundings(pid), host: async () => this.surroundings(1) },
      podSource: this.podSource,
      namespaceSource: this.namespaceSource,
      labelStore: {
        load: async () => this.labels,
        save: async (labels) => {
          this.labels = labels;
        },
      },
      asksForOrigins: false,
      view: this.view,
      canary: this.canary,
      fingerprints: envelopesOn(this),
      trust: async () => this.policy,
      platform: { os: 'linux', architecture: 'amd64' },
      policies: {
        load: async () => this.policies,
        save: async (policies) => {
          this.policies = policies;
        },
      },
      state: stateOn(this),
      spool: this.spool,
      epochs: this.epochs,
      uplink: {
        run: async (downlink, signal) => {
          this.downlink = downlink;
          downlink.onState('connected', '');
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        },
        offer: (seq, report) => {
          this.reports.push(report);
          this.#happened();
          this.downlink?.onAck(seq);
          return true;
        },
        heartbeat: () => undefined,
      },
      enforcer: {
        act: async (request) => {
          this.acts.push(request);
          this.writtenAtActs.push(this.spool.records.length);
          const stopped = request.subtree.map((p) => p.pid);
          return { result: 'done', action: request.action, stopped, stoppedAt: this.now + 5_000 };
        },
        holds: () => this.holds,
        resume: async () => this.holds.splice(0),
      },
      control: {
        serve: async (handler) => {
          this.control = handler;
        },
        close: async () => undefined,
      },
      own: { trees: [], single: [] },
      utilisation: () => this.utilisation,
      bootUs: 0,
      session: 'a'.repeat(32),
      now: () => this.now,
      steady: () => this.steady,
      ...(this.quarantine === undefined ? {} : { quarantine: this.quarantine }),
      ...(this.armState === undefined ? {} : { armState: this.armState }),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      say: (line) => {
        this.lines.push(line);
        this.#happened();
      },
    };
  }
}

function jsonNormaliser(): Normaliser {
  return {
    push: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
    note: () => [],
    coverage: () => behaviourKinds,
    isSettled: () => true,
    counters: () => ({}),
  };
}

function fakeEpochs(known?: KnownEpoch): EpochStore {
  return {
    get known() {
      return known;
    },
    save: async (next) => {
      known = next;
    },
  };
}

/** A spool that only remembers; what `after` gives was flushed, as the real one promises. */
export class FakeSpool {
  readonly records: Uint8Array[] = [];
  #flushed = 0;
  #acked = 0;
  broken = false;

  append(record: Uint8Array): number | undefined {
    return this.records.push(record);
  }
  async flush(): Promise<void> {
    if (this.broken) throw new Error('no space');
    this.#flushed = this.records.length;
  }
  async after(seq: number, max: number): Promise<readonly { seq: number; record: Uint8Array }[]> {
    const from = Math.max(seq, this.#acked);
    return this.records
      .slice(from, Math.min(this.#flushed, from + max))
      .map((record, i) => ({ seq: from + i + 1, record }));
  }
  async ack(seq: number): Promise<void> {
    this.#acked = Math.max(this.#acked, seq);
  }
  stats(): { records: number; bytes: number; dropped: number } {
    return { records: this.records.length - this.#acked, bytes: 0, dropped: 0 };
  }
  async close(): Promise<void> {}

  reports(): Report[] {
    return this.records.map((record) => parseReport(parseJson(record)));
  }
}

/** What a test lets its source say, in order. */
class Feed {
  readonly #items: ((sink: SourceSink) => void)[] = [];
  #wake: (() => void) | undefined;

  put(item: (sink: SourceSink) => void): void {
    this.#items.push(item);
    this.#wake?.();
  }

  async drain(sink: SourceSink, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      const item = this.#items.shift();
      if (item !== undefined) item(sink);
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
