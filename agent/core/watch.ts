import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { CoverageWord } from '../../fingerprint/coverage.ts';
import { generalise } from '../../fingerprint/generalise.ts';
import { behaviourIdentity } from '../../fingerprint/identity.ts';
import type { Approval, Incident } from '../../fingerprint/incident.ts';
import type { Phase } from '../../fingerprint/phase.ts';
import { learnable } from '../../fingerprint/sensitive.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import type { PeerDirectory } from './address-book.ts';
import { type AsItIs, asItIs, type Looks } from './as-it-is.ts';
import type { Attributed, AttributedAct } from './attributed.ts';
import type { Attribution } from './attribution.ts';
import type { CallerOf } from './callers.ts';
import type { Counters } from './counters.ts';
import { Incidents } from './incidents.ts';
import type { InstanceRecord } from './instances.ts';
import { subjectKey } from './known-acts.ts';
import { type DriftVerdict, evidenceOf, opinionOf, outsideReasons } from './opinion.ts';
import { forStart, placed } from './placed.ts';
import { foundInstead } from './sweep/found-instead.ts';
import { toBehaviour } from './to-behaviour.ts';
import { ended, gap, restated, started, support, type WatchOutput } from './watch-output.ts';
import type { Besides, InForce, WatchedInstance, WatchedWorkload } from './watched.ts';
import { WatchedWorkloads, type Watching } from './watched-workloads.ts';

export interface WatchOptions extends Looks {
  readonly node: string;
  /** Kinds the source can see. */
  readonly coverage: () => readonly CoverageWord[];
  readonly counters: Counters;
  readonly attribution: Pick<Attribution, 'mark' | 'restate'>;
  /** Names peers that no answer named. */
  readonly directory?: PeerDirectory;
  /** Who came in from outside, where the source does not tell. */
  readonly callerOf?: CallerOf;
  /** Told of each act that is known from now on and tells all by itself, for whoever answers the next one of its kind sooner. */
  readonly onKnown?: (act: AttributedAct, copy: WatchedInstance) => void;
}

export type { WatchOutput };

/** An act that was not known: as it was, as it is placed in the fingerprint, and what that comes to. */
interface News {
  readonly told: AttributedAct;
  /** It tells all by itself: the next one of its kind comes to the same. */
  readonly repeatable: boolean;
  readonly seen: AttributedAct;
  readonly act: AttributedAct;
  readonly raw: Behaviour;
  readonly key: string | undefined;
  readonly phase: Phase;
}

const none: readonly WatchOutput[] = [];

/**
 * Learns or judges, per workload: learned is what no fingerprint in force covers yet, unless the one that was is refused.
 * What is never normal is an
 * incident from the first minute, and is never learned. Below a program that is not in the fingerprint nothing is
 * judged or learned: it is evidence of one incident.
 */
export class Watch {
  readonly #options: WatchOptions;
  readonly #counters: Counters;
  readonly #watched: WatchedWorkloads;
  readonly #incidents: Incidents;
  /** Copies in their start-up: as many as run, at most. */
  readonly #starting = new Set<WatchedInstance>();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#counters = options.counters;
    this.#watched = new WatchedWorkloads(options.node, options.directory);
    this.#incidents = new Incidents(options.callerOf);
  }

  observe(item: Attributed): readonly WatchOutput[] {
    switch (item.type) {
      case 'act':
        return this.#act(item);
      case 'gap':
        return this.#gap(item);
      case 'instance':
        return item.state === 'exited' ? this.#exited(item.instance, item.time) : none;
    }
  }

  /** The instance's workload is known; call before its acts. */
  began(record: InstanceRecord, workload: Workload, state: 'started' | 'found'): readonly WatchOutput[] {
    const { instance } = this.#copyOf(record, workload);
    return [started(workload, instance, state, this.#options.coverage())];
  }

  /**
   * Sets what judges a workload from now on, and judges what runs. Undefined: it is learned again, unless what was
   * signed for it is refused.
   */
  setInForce(
    workload: Workload,
    inForce: InForce | undefined,
    besides: Besides = {},
  ): readonly WatchOutput[] {
    const watched = this.#watched.workloadOf(workload);
    const { carried, untrusted } = besides;
    const isLearnedAsBefore = (watched.untrusted === undefined) === (untrusted === undefined);
    watched.carried = carried;
    watched.untrusted = untrusted;
    if (watched.inForce === inForce && isLearnedAsBefore) return none;
    watched.inForce = inForce;
    const out: WatchOutput[] = [];
    for (const instance of watched.instances.values()) {
      instance.known.clear();
      instance.placement.clear();
      instance.drifted.clear();
      for (const act of this.#options.attribution.restate(instance.record)) out.push(...this.#act(act));
    }
    return out;
  }

  /** How far a reaction to drift of this workload may go at this moment. */
  approvalOf(workload: Workload): Approval | undefined {
    return this.#watched.find(workload)?.approval;
  }

  workloads(): Iterable<WatchedWorkload> {
    return this.#watched.all();
  }

  *records(): Generator<InstanceRecord> {
    for (const { record } of this.#watched.copies()) yield record;
  }

  incident(id: string): Incident | undefined {
    return this.#incidents.get(id);
  }

  openIncidents(): readonly Incident[] {
    return this.#incidents.open();
  }

  /** Whorl acted on it: the gravest an incident can be. */
  acted(id: string): readonly WatchOutput[] {
    return this.#incidents.acted(id);
  }

  /** Closes an incident: what happens later is another one. */
  forget(id: string): void {
    this.#incidents.forget(id);
  }

  /** What was held back because only counts grew. */
  tick(time: number): readonly WatchOutput[] {
    for (const copy of this.#starting) if (copy.shown.isOverdue(time)) this.#settle(copy, time);
    return this.#incidents.tick(time);
  }

  /**
   * What is the case, for a collector that has forgotten it: what runs, what is learned of it, what is open. In this order,
   * because what was learned is told of copies, and what they showed by the numbers of what was learned.
   */
  *state(): Generator<WatchOutput> {
    const coverage = this.#options.coverage();
    for (const { workload, instances, dictionary } of this.#watched.all()) {
      for (const copy of instances.values())
        yield started(workload, copy, copy.shown.isFromStart ? 'started' : 'found', coverage);
      for (const report of dictionary.told()) yield { type: 'report', report };
    }
    for (const incident of this.openIncidents()) yield restated(incident);
  }

  /** What each learning instance has shown so far. */
  support(until: number): readonly WatchOutput[] {
    const out: WatchOutput[] = [];
    for (const watched of this.#watched.all())
      for (const instance of watched.instances.values()) out.push(...support(watched, instance, until));
    return out;
  }

  #act(told: AttributedAct): readonly WatchOutput[] {
    const { workload } = told.instance;
    if (workload === undefined) return this.#count('unjudged.instance-unknown');
    const { watched, instance } = this.#copyOf(told.instance, workload);
    const at = told.event.time;
    if (instance.shown.isOverdue(at)) this.#settle(instance, at);
    const { phase } = instance.shown;
    const { act: seen, repeatable } = this.#asItIs(told, instance);
    const act = placed(seen, watched, instance);
    const raw = toBehaviour(act, instance.peers);
    if (typeof raw === 'string') return this.#count(`acts.${raw}`);
    instance.events += 1;
    this.#counters.add('behaviours');
    const key = knowable(act) ? subjectKey(raw) : undefined;
    if (key !== undefined && instance.known.has(act.actor, key)) {
      if (repeatable) this.#options.onKnown?.(told, instance);
      return this.#count('behaviours.known');
    }
    return this.#news({ watched, instance, workload }, { told, repeatable, seen, act, raw, key, phase });
  }

  #news({ watched, instance }: Watching, news: News): readonly WatchOutput[] {
    const { told, repeatable, seen, act, raw, key, phase } = news;
    const at = act.event.time;
    const behaviour = generalise(raw, instance.namesFor(act));
    const verdict = act.process.outside
      ? evidenceOf(behaviour, watched.inForce)
      : opinionOf(act, behaviour, watched, phase);
    const other = foundInstead(act, behaviour, verdict, watched, instance);
    if (other !== undefined) return this.#count(other);
    // Whoever listens has started up: what it does from now on is its daily work.
    if (raw.kind === 'listen') this.#settle(instance, at);
    if (verdict.kind === 'drift') return this.#drift(watched, instance, act, behaviour, verdict);
    if (key !== undefined) {
      instance.known.add(act.actor, key);
      if (repeatable) this.#options.onKnown?.(told, instance);
    }
    if (verdict.kind === 'unjudged' && verdict.reason === 'no-fingerprint')
      return this.#learn(watched, instance, behaviour, { phase, at });
    this.#counters.add(verdict.kind === 'unjudged' ? `unjudged.${verdict.reason}` : 'behaviours.expected');
    const toLearn = forStart(seen, act, behaviour, verdict);
    return toLearn === undefined ? none : this.#learn(watched, instance, toLearn, { phase, at });
  }

  #asItIs(told: AttributedAct, copy: WatchedInstance): AsItIs {
    const { sensitiveNames, scriptNames, placedNames, known } = copy;
    const is = asItIs(told, copy, this.#options);
    if (scriptNames.learn(told)) known.clear();
    if (this.#options.originOf !== undefined && placedNames.learn(told.event)) known.clear();
    const learned = told.event.error === undefined ? sensitiveNames.learn(told.event) : 'nothing';
    // What was known of these names so far was known of other files.
    if (learned === 'name') known.clear();
    else if (learned === 'full') this.#counters.add('lost.sensitive-names-full');
    return is;
  }

  #drift(
    watched: WatchedWorkload,
    instance: WatchedInstance,
    act: AttributedAct,
    behaviour: Behaviour,
    verdict: DriftVerdict,
  ): readonly WatchOutput[] {
    this.#counters.add('drifts');
    const key = subjectKey(behaviour);
    if (key !== undefined) instance.drifted.add(act.actor, key);
    if (act.event.kind === 'exec')
      this.#options.attribution.mark(act.process, outsideReasons.has(verdict.because));
    return this.#incidents.take(watched, instance, act, behaviour, verdict);
  }

  #learn(
    watched: WatchedWorkload,
    instance: WatchedInstance,
    behaviour: Behaviour,
    { phase, at }: { readonly phase: Phase; readonly at: number },
  ): readonly WatchOutput[] {
    // Also the starts that what a collector learned says nothing about: whatever a release does that was taken back.
    if (watched.untrusted !== undefined) return none;
    if (!learnable(behaviour)) return this.#count('behaviours.not-learnable');
    const entry = watched.dictionary.indexOf(behaviourIdentity(behaviour));
    if (entry === undefined) {
      this.#lose(instance, 1);
      return this.#count('lost.dictionary-full');
    }
    instance.shown.saw(entry.index, phase);
    if (!entry.isNew) return none;
    this.#counters.add('novelties');
    const { workload } = watched;
    const report = watched.dictionary.tell({
      type: 'novelty',
      workload,
      instance: instance.instance.id,
      index: entry.index,
      behaviour,
      phase,
      time: at,
    });
    return [{ type: 'report', report }];
  }

  #gap({ instance, event }: Extract<Attributed, { type: 'gap' }>): readonly WatchOutput[] {
    // A loss of unknown size is a loss.
    const least = Math.max(1, event.lost);
    for (const copy of this.#watched.copies())
      if (instance === undefined || copy.record === instance) this.#lose(copy, least);
    return [gap(event, instance?.id)];
  }

  #exited(record: InstanceRecord, time: number): readonly WatchOutput[] {
    const ending = this.#watched.end(record);
    if (ending === undefined) return none;
    const { watched, instance, workload } = ending;
    this.#starting.delete(instance);
    // Late acts of the dead are still looked at, one by one, but it has had its last report.
    instance.known.clear();
    return [...support(watched, instance, time), ended(workload, instance, time, this.#options.coverage())];
  }

  #copyOf(record: InstanceRecord, workload: Workload): Watching {
    const watching = this.#watched.copyOf(record, workload);
    if (watching.instance.shown.phase === 'start') this.#starting.add(watching.instance);
    return watching;
  }

  /** Its start-up is over: what it shows again now is shown in another phase, so each behaviour is looked at once more. */
  #settle(copy: WatchedInstance, time: number): void {
    this.#starting.delete(copy);
    if (copy.shown.settle(time, copy.events)) copy.known.clear();
  }

  #lose(copy: WatchedInstance, events: number): void {
    copy.lost += events;
    copy.shown.lost(events);
  }

  #count(name: string): readonly WatchOutput[] {
    this.#counters.add(name);
    return none;
  }
}

/** What an intruder does is evidence each time; of a found execution less is known than of the same one when seen. */
function knowable({ process, event, assumed }: AttributedAct): boolean {
  return !process.outside && !(event.kind === 'exec' && assumed > 0);
}
