import { isCanaryWorkload } from '../fingerprint/canary.ts';
import type { CoverageWord } from '../fingerprint/coverage.ts';
import type { Event, EventOf } from '../fingerprint/event.ts';
import type { Approval, Incident } from '../fingerprint/incident.ts';
import { type Workload, workloadKey } from '../fingerprint/workload.ts';
import type { Normaliser } from './agent-deps.ts';
import type { Canaries } from './canary.ts';
import { AddressBook } from './core/address-book.ts';
import type { Attributed } from './core/attributed.ts';
import { Attribution } from './core/attribution.ts';
import type { Counters } from './core/counters.ts';
import { ShortCut } from './core/hotpath/short-cut.ts';
import type { InstanceRecord } from './core/instances.ts';
import type { OwnProcesses } from './core/own.ts';
import { Watch, type WatchOptions, type WatchOutput } from './core/watch.ts';
import type { InForce, Untrusted } from './core/watched.ts';
import { Identities } from './identities.ts';
import type { Origins } from './origins.ts';
import type { Outbox } from './outbox.ts';
import type { Pods } from './pods.ts';
import type { CodeBytes, ContainerRuntime, Logins } from './ports/containers.ts';
import type { SurroundingsReader } from './ports/state-view.ts';
import type { Log } from './ports.ts';
import { Retelling } from './retelling.ts';
import type { StateLine } from './state-line.ts';
import type { Timing } from './stop-hand.ts';

export interface PipelineOptions {
  readonly node: string;
  readonly cluster: string;
  readonly maxProcesses: number;
  readonly identifySeconds: number;
  readonly runtimes: readonly ContainerRuntime[];
  readonly surroundings: SurroundingsReader;
  readonly pods?: Pods | undefined;
  readonly bytes?: CodeBytes;
  readonly logins?: Logins;
  /** Where files come from, when the source does not tell. */
  readonly origins?: Pick<Origins, 'of' | 'changed'>;
  readonly own: OwnProcesses;
  /** µs since boot when watching begins. */
  readonly bootUs: number;
  readonly coverage: () => readonly CoverageWord[];
  /** What judges a workload; undefined: it is learned. */
  readonly judging: (workload: Workload) => InForce | undefined;
  /** What may be done about what is never normal where nothing judges. */
  readonly carried?: (workload: Workload) => Approval | undefined;
  /** What was signed for it and is refused, where nothing else that was signed judges it. */
  readonly untrusted?: (workload: Workload) => Untrusted | undefined;
  readonly outbox: Pick<Outbox, 'put' | 'flushed'>;
  /** What an incident is to the canary under way: a canary goes its way, but is shown and acted on by nobody. */
  readonly canaries?: Pick<Canaries, 'told'>;
  /** Something may have happened that nobody told of. */
  readonly onGap?: () => void;
  /** A copy is another workload's than was thought: what was found in it was judged in the wrong name. */
  readonly onCorrected?: () => void;
  /** Told first of all, before anything is written: whoever may act on it must not wait for a disk. */
  readonly onIncident: (incident: Incident, timing: Timing) => void;
  readonly counters: Counters;
  readonly now: () => number;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
}

/** How far a source's clock may run ahead of ours: what a step of the clock makes of times that were reckoned before it. */
const aheadUs = 10_000_000;

/** As many workloads as the watch knows at once. What was told before is told again when more have come. */
const maxUntrustedTold = 1_024;

/** For people who watch a workload being learned; each workload of the node is asked for it. */
const noveltiesUs = 1_000_000;

/** An event's way through the agent: who did it → is it known → what is told. Nothing here waits. */
export class Pipeline {
  readonly attribution: Attribution;
  readonly watch: Watch;
  readonly #options: PipelineOptions;
  readonly #identities: Identities;
  readonly #shortCut: ShortCut;
  readonly #addresses = new AddressBook();
  readonly #retelling: Retelling;
  #lastCanary = '';
  /** Codes, by workload. */
  readonly #untrustedTold = new Map<string, string>();
  readonly #noveltiesTold = new WeakMap<Workload, number>();
  #noveltiesToldAt = 0;

  constructor(options: PipelineOptions, signal: AbortSignal) {
    const { counters, coverage, log, node, own } = options;
    this.#options = options;
    this.attribution = new Attribution({
      counters,
      own,
      watchingSince: options.bootUs,
      maxProcesses: options.maxProcesses,
    });
    this.#shortCut = new ShortCut({
      attribution: this.attribution,
      counters,
      take: (events) => this.take(events),
    });
    const onKnown = this.#shortCut.known.bind(this.#shortCut);
    this.watch = new Watch({
      node,
      coverage,
      counters,
      attribution: this.attribution,
      directory: this.#addresses,
      onKnown,
      ...looks(options),
    });
    this.#retelling = new Retelling(
      () => this.watch.state(),
      (output) => this.#tellAgain(output),
      options.outbox,
    );
    this.#identities = new Identities(
      {
        runtimes: options.runtimes,
        surroundings: options.surroundings,
        ...(options.pods === undefined ? {} : { pods: options.pods }),
        cluster: options.cluster,
        patienceMs: options.identifySeconds * 1000,
        imageOf: ({ first }) => (first === undefined ? undefined : this.attribution.process(first)?.image),
        counters,
        log,
        onKnown: (instance, workload) => this.#known(instance, workload),
        onUnknown: (instance, reason) => this.#unknown(instance, reason),
        onCorrected: (instance, workload) => this.#corrected(instance, workload),
      },
      signal,
    );
  }

  /** Bytes of the source: what is nothing new is counted by a look at its record alone, the rest goes the long way. */
  read(bytes: Uint8Array, normaliser: Normaliser): void {
    this.attribution.believeUntil(this.#options.now() + aheadUs);
    this.take(normaliser.push(bytes, this.#shortCut));
    this.#shortCut.settle();
  }

  take(events: readonly Event[]): void {
    this.#options.counters.add('events', events.length);
    for (const event of events) {
      if (mayBeMount(event)) this.#options.origins?.changed();
      for (const item of this.attribution.observe(event)) this.#handle(item);
    }
  }

  /** What a look at the present state found. */
  found(events: readonly Event[]): void {
    this.#options.counters.add('events.found', events.length);
    for (const item of this.attribution.found(events)) this.#handle(item);
  }

  foundUnknown(event: EventOf<'exec'>): void {
    this.#options.counters.add('events.found');
    for (const item of this.attribution.foundUnknown(event)) this.#handle(item);
  }

  /** What waited for a pause or for its turn. @param until µs since the epoch */
  tick(until: number): void {
    for (const item of this.attribution.settle(until)) this.#handle(item);
    for (const output of this.watch.tick(until)) this.#tell(output);
    // A clock that is set back counts as time gone by.
    if (Math.abs(until - this.#noveltiesToldAt) < noveltiesUs) return;
    this.#noveltiesToldAt = until;
    this.#tellNovelties();
  }

  tellSupport(): void {
    for (const output of this.watch.support(this.#options.now())) this.#tell(output);
  }

  /**
   * How busy the event loop was since the last call, 0 to 1; ten times a second. Acts that are let go for want of time
   * change nothing in who is who: no sweep is asked for, and no process is doubted.
   */
  load(utilisation: number): void {
    const { shedding } = this.#shortCut;
    shedding.heard(utilisation);
    for (const event of shedding.losses()) {
      this.#options.counters.add('lost.shed', event.lost);
      const instance = this.attribution.copyIn(event.cgroup, event.time);
      // Of the host at large nothing is judged: a gap of nobody would count as one of every copy on the node.
      if (instance === undefined) continue;
      for (const output of this.watch.observe({ type: 'gap', instance, event })) this.#tell(output);
    }
  }

  /** Something else is in force: what runs is judged by it. */
  fingerprintsChanged(): void {
    for (const { workload } of this.watch.workloads()) this.#judgeBy(workload);
  }

  /** Whoever is told has forgotten what is the case here. */
  retell(): void {
    const { log } = this.#options;
    void this.#retelling.begin().catch((err: unknown) => log.error({ err }, 'state not told anew'));
  }

  /** Something was done about it. */
  acted(incident: string): void {
    for (const output of this.watch.acted(incident)) this.#tell(output);
  }

  /** Copies whose pods nobody has told of. */
  get withoutPod(): number {
    return this.#identities.withoutPod;
  }

  /** What may have changed around those that run. */
  async lookAround(): Promise<void> {
    await this.#identities.lookAgain(this.watch.records());
  }

  /** Events that nobody saw. */
  sawGap(since: number, until: number, reason: string): void {
    this.take([{ kind: 'gap', time: until, process: { pid: 0, start: 0 }, since, until, lost: 0, reason }]);
  }

  #handle(item: Attributed): void {
    if (item.type === 'gap') this.#options.onGap?.();
    if (item.type === 'instance' && item.state === 'exited') this.#addresses.remove(item.instance.id);
    if (item.type === 'instance' && item.state !== 'exited') this.#identities.ask(item.instance);
    else for (const output of this.watch.observe(item)) this.#tell(output);
  }

  #known(instance: InstanceRecord, workload: Workload): void {
    const state = instance.state === 'found' ? 'found' : 'started';
    const { surroundings, container } = instance;
    if (surroundings !== undefined && instance.state !== 'exited')
      this.#addresses.add(instance.id, workload, container?.pod, surroundings.addresses);
    for (const output of this.watch.began(instance, workload, state)) this.#tell(output);
    this.#judgeBy(workload);
    for (const item of this.attribution.identify(instance, workload)) this.#handle(item);
  }

  /**
   * It is another workload's than was said. Under the first name it has ended; under the right one it is found running,
   * since its start was shown under another name, and what runs in it is judged at once.
   */
  #corrected(instance: InstanceRecord, workload: Workload): void {
    const before = instance.workload;
    if (before !== undefined && workloadKey(before) !== workloadKey(workload)) {
      this.#addresses.remove(instance.id);
      const ended: Attributed = { type: 'instance', instance, state: 'exited', time: this.#options.now() };
      for (const output of this.watch.observe(ended)) this.#tell(output);
      instance.state = 'found';
    }
    this.#known(instance, workload);
    for (const item of this.attribution.restate(instance)) this.#handle(item);
    this.#options.onCorrected?.();
  }

  #unknown(instance: InstanceRecord, reason: string): void {
    for (const item of this.attribution.abandon(instance)) this.#handle(item);
    this.#options.say({ type: 'instance-unknown', instance: instance.id, reason });
  }

  #judgeBy(workload: Workload): void {
    const { judging, carried, untrusted } = this.#options;
    const besides = { carried: carried?.(workload), untrusted: untrusted?.(workload) };
    for (const output of this.watch.setInForce(workload, judging(workload), besides)) this.#tell(output);
    this.#tellUntrusted(workload, besides.untrusted);
  }

  /** Once for each reason, however many copies run. */
  #tellUntrusted(workload: Workload, untrusted: Untrusted | undefined): void {
    const key = workloadKey(workload);
    if (untrusted === undefined) {
      this.#untrustedTold.delete(key);
      return;
    }
    if (this.#untrustedTold.get(key) === untrusted.code) return;
    if (this.#untrustedTold.size >= maxUntrustedTold) this.#untrustedTold.clear();
    this.#untrustedTold.set(key, untrusted.code);
    this.#options.counters.add('workloads.untrusted');
    this.#options.say({ type: 'workload-untrusted', workload, subject: workload.subject, ...untrusted });
  }

  #tell(output: WatchOutput): void {
    const { outbox, say, now, onIncident } = this.#options;
    if (this.#isOfCanary(output)) return;
    if (output.type === 'incident') {
      const { incident, isNew, eventTime } = output;
      const judgedAt = now();
      onIncident(incident, { eventTime, judgedAt });
      outbox.put({ type: 'incident', incident });
      say({ type: 'incident', isNew, eventToVerdictUs: Math.max(0, judgedAt - eventTime), incident });
      return;
    }
    const { report } = output;
    outbox.put(report);
    if (report.type === 'instance' || report.type === 'gap') say(report);
  }

  /** Into the spool alone: on this node nobody has forgotten it. */
  #tellAgain(output: WatchOutput): void {
    if (output.type === 'report') {
      if ('workload' in output.report && isCanaryWorkload(output.report.workload)) return;
      this.#options.outbox.put(output.report);
    } else if (!isCanaryWorkload(output.incident.workload))
      this.#options.outbox.put({ type: 'incident', incident: output.incident });
  }

  /** A canary's incident goes up; that its workload comes and goes nobody needs to know. @returns true: dealt with */
  #isOfCanary(output: WatchOutput): boolean {
    const { outbox, canaries } = this.#options;
    if (output.type === 'report')
      return 'workload' in output.report && isCanaryWorkload(output.report.workload);
    const is = canaries?.told(output.incident) ?? 'no';
    if (is === 'no') return false;
    outbox.put({ type: 'incident', incident: output.incident });
    // Of canaries the last stays open, for what is told of it late: others take no place from what people look at.
    if (this.#lastCanary !== output.incident.id) this.watch.forget(this.#lastCanary);
    this.#lastCanary = output.incident.id;
    return true;
  }

  #tellNovelties(): void {
    for (const { workload, dictionary, instances } of this.watch.workloads()) {
      if (this.#noveltiesTold.get(workload) === dictionary.size || isCanaryWorkload(workload)) continue;
      this.#noveltiesTold.set(workload, dictionary.size);
      this.#options.say({
        type: 'novelty-count',
        workload,
        behaviours: dictionary.size,
        instances: instances.size,
      });
    }
  }
}

/** What nobody saw may have been one. */
function mayBeMount(event: Event): boolean {
  return event.kind === 'gap' || (event.kind === 'privilege' && event.privilege === 'mount');
}

/** What the watch may look at beyond the events: where files come from, the bytes of code, and who logged in. */
function looks({
  bytes,
  logins,
  origins,
}: PipelineOptions): Pick<WatchOptions, 'bytesOf' | 'callerOf' | 'originOf'> {
  return {
    ...(origins === undefined ? {} : { originOf: (file) => origins.of(file) }),
    ...(bytes === undefined
      ? {}
      : {
          bytesOf: ({ instance, process, ...file }) => {
            const within = instance.first === undefined ? [process] : [instance.first, process];
            return bytes.of({ ...file, within, podImages: instance.podImages });
          },
        }),
    ...(logins === undefined ? {} : { callerOf: (process, { first }) => logins.of(process, first) }),
  };
}
