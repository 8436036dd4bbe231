import { setInterval, setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '../fingerprint/incident.ts';
import type { Receipt } from '../fingerprint/order.ts';
import type { Report } from '../fingerprint/report.ts';
import type { AgentDeps } from './agent-deps.ts';
import { ArmWatch } from './arm-watch.ts';
import { Canaries } from './canary.ts';
import type { AgentConfig } from './config.ts';
import { Counters } from './core/counters.ts';
import { DisarmLabels } from './disarm-labels.ts';
import { Epochs } from './epochs.ts';
import { FingerprintDesk } from './fingerprint-desk.ts';
import { Intake } from './intake.ts';
import { LeaseDesk } from './lease-desk.ts';
import { OrderDesk } from './order-desk.ts';
import { Origins } from './origins.ts';
import { Outbox } from './outbox.ts';
import { Pipeline, type PipelineOptions } from './pipeline.ts';
import { Pods } from './pods.ts';
import { PolicyDesk } from './policy-desk.ts';
import type { Downlink } from './ports/uplink.ts';
import { StateSweep } from './state-sweep.ts';
import { statusOf } from './status.ts';
import { StopHand, type Timing } from './stop-hand.ts';

/** Small enough that a sweep's findings and a burst's last counts are told within a blink. */
const tickMs = 200;
/** A disarm on the node holds within a second. */
const armLookMs = 1_000;
/** The stream begins with what the source can see: it waits this long for the source to say it. */
const readyWithinMs = 5_000;
/**
 * What a site bound runs out to the minute. And the host's resolvers change with its network; until they are read anew
 * its peers have no names.
 */
const lookAroundMs = 60_000;
/** After SIGTERM: what the collector may still acknowledge. The rest waits in the spool. */
const farewellMs = 1_000;

/**
 * The node daemon: source → events → who did it → learn or judge → spool → collector, and orders back to the hand on
 * the kernel. Runs until `signal` aborts or a recording ends.
 *
 * @throws SourceError when the source cannot start at all
 */
export async function runAgent(deps: AgentDeps, config: AgentConfig, signal: AbortSignal): Promise<void> {
  await new Agent(deps, config, signal).run();
}

class Agent {
  readonly #deps: AgentDeps;
  readonly #config: AgentConfig;
  readonly #signal: AbortSignal;
  readonly #counters = new Counters();
  readonly #startedAt: number;
  readonly #policies: PolicyDesk;
  readonly #desk: FingerprintDesk;
  readonly #outbox: Outbox;
  readonly #pods: Pods | undefined;
  readonly #pipeline: Pipeline;
  readonly #intake: Intake;
  readonly #hand: StopHand;
  readonly #labels: DisarmLabels | undefined;
  readonly #arms: ArmWatch;
  readonly #leases: LeaseDesk;
  readonly #orders: OrderDesk;
  readonly #sweep: StateSweep | undefined;
  readonly #epochs: Epochs;
  readonly #canaries: Canaries | undefined;
  #uplinkState = 'disconnected';

  constructor(deps: AgentDeps, config: AgentConfig, signal: AbortSignal) {
    const { log, now, say, spool, uplink, enforcer } = deps;
    const counters = this.#counters;
    this.#deps = deps;
    this.#config = config;
    this.#signal = signal;
    this.#startedAt = now();
    this.#outbox = new Outbox({ spool, uplink, counters, log });
    const nowMs = () => Math.floor(now() / 1000);
    this.#policies = new PolicyDesk({
      local: deps.trust,
      store: deps.policies,
      now: nowMs,
      counters,
      log,
      say,
    });
    const trust = () => this.#policies.trust();
    this.#desk = new FingerprintDesk({
      source: deps.fingerprints,
      state: deps.state,
      trust,
      acceptPolicy: (envelope) => this.#policies.accept(envelope, 'collector'),
      onChanged: () => this.#judgeAnew(),
      platform: deps.platform,
      now: nowMs,
      counters,
      log,
      say,
    });
    this.#canaries = this.#canariesOf();
    this.#pods = this.#podsOf();
    this.#pipeline = new Pipeline(
      {
        ...config,
        ...deps,
        ...this.#withCanaries(),
        ...this.#withOrigins(),
        counters,
        pods: this.#pods,
        outbox: this.#outbox,
        coverage: () => this.#intake.coverage(),
        judging: (workload) => this.#canaries?.judging(workload) ?? this.#desk.judging(workload),
        carried: (workload) => this.#desk.carried(workload),
        untrusted: (workload) => this.#desk.untrusted(workload),
        onGap: () => this.#sweep?.request(),
        onCorrected: () => this.#sweep?.forget(),
        onIncident: (incident, timing) => this.#judged(incident, timing),
      },
      signal,
    );
    this.#intake = new Intake({ ...deps, node: config.node, pipeline: this.#pipeline, counters });
    const { attribution, watch } = this.#pipeline;
    this.#sweep = this.#sweepOf();
    this.#epochs = new Epochs({
      ...deps,
      store: deps.epochs,
      outbox: this.#outbox,
      retell: () => this.#pipeline.retell(),
      counters,
    });
    const holdUs = config.holdMinutes * 60_000_000;
    this.#hand = new StopHand({ enforcer, attribution, watch, holdUs, now });
    const desk = {
      ...deps,
      trust,
      node: config.node,
      hand: this.#hand,
      attribution,
      watch,
      counters,
      onStopped: (incident: string) => this.#pipeline.acted(incident),
      onReceipt: (receipt: Receipt) => this.#outbox.put({ type: 'receipt', receipt }),
    };
    this.#labels = this.#labelsOf();
    this.#arms = new ArmWatch({ ...deps, local: deps.armState, labels: this.#labels });
    this.#leases = new LeaseDesk({ ...desk, disarmed: this.#arms.disarmed });
    this.#orders = new OrderDesk({
      ...desk,
      disarmed: this.#arms.disarmedNow,
      onKill: (incident, ends) => this.#leases.ordered(incident, ends),
    });
  }

  #podsOf(): Pods | undefined {
    const { podSource } = this.#deps;
    if (podSource === undefined) return undefined;
    return new Pods({ ...this.#deps, source: podSource, node: this.#config.node, counters: this.#counters });
  }

  #labelsOf(): DisarmLabels | undefined {
    const { namespaceSource: source, labelStore: store } = this.#deps;
    if (source === undefined) return undefined;
    return new DisarmLabels({ ...this.#deps, source, store, counters: this.#counters });
  }

  #canariesOf(): Canaries | undefined {
    const { canary } = this.#deps;
    if (canary === undefined || this.#config.canarySeconds === 0) return undefined;
    const put = (report: Report) => this.#outbox.put(report);
    return new Canaries({ ...this.#deps, hand: canary, put, counters: this.#counters });
  }

  #withCanaries(): Partial<PipelineOptions> {
    const { runtimes, own } = this.#deps;
    const canaries = this.#canaries;
    return canaries === undefined
      ? {}
      : { canaries, runtimes: [...canaries.runtimes, ...runtimes], own: canaries.watched(own) };
  }

  #withOrigins(): Partial<PipelineOptions> {
    const { view, now, asksForOrigins } = this.#deps;
    return view === undefined || !asksForOrigins ? {} : { origins: new Origins(view, now) };
  }

  #sweepOf(): StateSweep | undefined {
    const { view, now, log } = this.#deps;
    if (view === undefined || this.#config.sweepSeconds === 0) return undefined;
    const { attribution } = this.#pipeline;
    return new StateSweep({
      view,
      attribution,
      found: (events) => this.#pipeline.found(events),
      foundUnknown: (event) => this.#pipeline.foundUnknown(event),
      isBehind: () => this.#intake.isBehind,
      counters: this.#counters,
      now,
      log,
    });
  }

  async run(): Promise<void> {
    const { control, enforcer, say } = this.#deps;
    await this.#policies.open();
    await this.#desk.open();
    // Between two runs nobody watched: absence in that time is unknown.
    if (this.#desk.aliveAt > 0)
      this.#pipeline.sawGap(this.#desk.aliveAt, this.#startedAt, 'the agent did not run');
    // At once: an agent that is killed within its first seconds leaves a gap too.
    await this.#saveAlive();
    await this.#labels?.open();
    await this.#arms.look();
    const holds = enforcer.holds();
    if (holds.length > 0) say({ type: 'holds-adopted', holds });
    await control.serve({ status: () => this.#status(), resume: (which) => enforcer.resume(which) });
    const uplinkEnd = new AbortController();
    const uplink = this.#runUplink(uplinkEnd.signal);
    const stop = new AbortController();
    const timers = this.#runTimers(stop.signal);
    try {
      await this.#intake.run(this.#signal);
    } finally {
      stop.abort();
      await timers;
      await this.#farewell();
      uplinkEnd.abort();
      await uplink;
      await this.#close();
    }
  }

  #tick(now: number): void {
    this.#intake.weigh(now);
    this.#pipeline.tick(now);
  }

  async #runUplink(signal: AbortSignal): Promise<void> {
    const { uplink, log } = this.#deps;
    if (uplink === undefined) return;
    const patience = sleep(readyWithinMs, undefined, { signal, ref: false }).catch(() => undefined);
    // Nothing is ordered or lent before it is known where people disarmed, unless the Kubernetes API takes too long.
    await Promise.race([Promise.all([this.#intake.ready, this.#labels?.told]), patience]);
    if (signal.aborted) return;
    await uplink
      .run(this.#downlink(), signal)
      .catch((err: unknown) => log.error({ err }, 'uplink ended badly'));
  }

  #downlink(): Downlink {
    const { log, say } = this.#deps;
    return {
      onWelcome: (welcome) => this.#epochs.welcomed(welcome),
      onAck: (seq) => this.#outbox.acked(seq),
      onFingerprint: (envelope, taken) =>
        void this.#desk
          .accept(envelope, 'collector')
          .catch((err: unknown) => log.error({ err }, 'fingerprint not kept'))
          .finally(taken),
      onOrder: (envelope, taken) => void this.#orders.take(envelope).finally(taken),
      onLease: (envelope, taken) => void this.#leases.take(envelope).finally(taken),
      onState: (state, detail) => {
        this.#uplinkState = state;
        if (state === 'connected') this.#outbox.connected();
        else this.#outbox.disconnected();
        log.info({ state, detail }, 'uplink');
        say({ type: 'uplink', state, detail });
      },
    };
  }

  #judged(incident: Incident, timing: Timing): void {
    this.#hand.judged(incident.id, timing);
    this.#leases.judged(incident, timing);
  }

  /** Something else is in force: what runs is judged by it, and so is what a sweep finds there. */
  #judgeAnew(): void {
    this.#pipeline.fingerprintsChanged();
    this.#sweep?.forget();
  }

  async #runTimers(signal: AbortSignal): Promise<void> {
    const { now, uplink, spool } = this.#deps;
    const { heartbeatSeconds, supportSeconds } = this.#config;
    await Promise.all([
      this.#lookFromReady(signal),
      this.#pods?.run(signal),
      this.#labels?.run(signal),
      every(tickMs, signal, () => this.#tick(now())),
      every(armLookMs, signal, () => this.#arms.look()),
      every(supportSeconds * 1000, signal, () => this.#pipeline.tellSupport()),
      every(lookAroundMs, signal, async () => {
        await this.#desk.look();
        await this.#pipeline.lookAround();
      }),
      every(heartbeatSeconds * 1000, signal, async () => {
        uplink?.heartbeat({ time: now(), counters: this.#allCounters(), spool: spool.stats() });
        await this.#saveAlive();
      }),
    ]);
  }

  /** From when the source has told everything that was there: what it told is no finding. */
  async #lookFromReady(signal: AbortSignal): Promise<void> {
    const { sweepSeconds, canarySeconds } = this.#config;
    const ended = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => ended.resolve(), { once: true });
    await Promise.race([this.#intake.ready, ended.promise]);
    await Promise.all([
      this.#sweep?.run(sweepSeconds * 1000, signal),
      this.#canaries?.run(canarySeconds * 1000, signal),
    ]);
  }

  async #farewell(): Promise<void> {
    const { spool, now } = this.#deps;
    this.#pipeline.tick(now());
    // Before the clock is put forward: no copy has lived through that minute.
    this.#pipeline.tellSupport();
    // Later than any second that something could still be held back for.
    this.#pipeline.tick(now() + 60_000_000);
    await this.#outbox.settle();
    for (let left = farewellMs; left > 0 && this.#uplinkState === 'connected'; left -= 50) {
      if (spool.stats().records === 0) break;
      await sleep(50);
    }
    await this.#saveAlive();
  }

  async #close(): Promise<void> {
    const { control, spool, say, log } = this.#deps;
    await control.close();
    await spool.close().catch((err: unknown) => log.error({ err }, 'spool not closed'));
    say({ type: 'stopped', counters: this.#allCounters() });
  }

  async #saveAlive(): Promise<void> {
    const { now, log } = this.#deps;
    await this.#desk.alive(now()).catch((err: unknown) => log.error({ err }, 'state not saved'));
  }

  #allCounters(): Readonly<Record<string, number>> {
    const { bytes } = this.#deps;
    return {
      ...this.#counters.snapshot(),
      ...this.#intake.counters(),
      ...bytes?.counters(),
      ...this.#pods?.counters(),
      ...this.#labels?.counters(),
      ...this.#arms.counters(),
    };
  }

  #status(): unknown {
    const { session, enforcer, spool } = this.#deps;
    return statusOf({
      node: this.#config.node,
      session,
      startedAt: this.#startedAt,
      ready: this.#intake.isReady,
      source: this.#intake.status,
      coverage: this.#intake.coverage(),
      uplink: this.#uplinkState,
      spool: spool.stats(),
      holds: enforcer.holds(),
      leases: this.#leases.summary(),
      disarms: this.#arms.inForce,
      disarmLabels: this.#labels?.status,
      watch: this.#pipeline.watch,
      canary: this.#canaries?.status,
      kubernetes:
        this.#pods === undefined
          ? undefined
          : { ...this.#pods.status, withoutPod: this.#pipeline.withoutPod },
      counters: this.#allCounters(),
    });
  }
}

async function every(ms: number, signal: AbortSignal, act: () => void | Promise<void>): Promise<void> {
  try {
    for await (const _ of setInterval(ms, undefined, { signal })) await act();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
