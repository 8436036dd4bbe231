import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { BehaviourKind } from '../../fingerprint/event.ts';
import { generalise } from '../../fingerprint/generalise.ts';
import { behaviourIdentity } from '../../fingerprint/identity.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { IncidentBook } from '../../fingerprint/incidents.ts';
import type { Phase } from '../../fingerprint/phase.ts';
import type { Report } from '../../fingerprint/report.ts';
import { learnable } from '../../fingerprint/sensitive.ts';
import type { Verdict } from '../../fingerprint/verdict.ts';
import { type Workload, workloadKey } from '../../fingerprint/workload.ts';
import type { PeerDirectory } from './address-book.ts';
import { type AsItIs, asItIs, type BytesOf } from './as-it-is.ts';
import type { Attributed, AttributedAct } from './attributed.ts';
import type { Attribution } from './attribution.ts';
import { type CallerOf, Callers } from './callers.ts';
import type { Counters } from './counters.ts';
import { IncidentOutlet } from './incident-outlet.ts';
import type { InstanceRecord } from './instances.ts';
import { subjectKey } from './known-acts.ts';
import { type DriftVerdict, evidenceOf, judges, opinionOf, outsideReasons } from './opinion.ts';
import { foundOpinion } from './sweep/found-opinion.ts';
import { toBehaviour } from './to-behaviour.ts';
import { ended, gap, restated, started, support, type WatchOutput } from './watch-output.ts';
import { type InForce, WatchedInstance, WatchedWorkload } from './watched.ts';

export interface WatchOptions {
  readonly node: string;
  /** Kinds the source can see. */
  readonly coverage: () => readonly BehaviourKind[];
  readonly counters: Counters;
  readonly attribution: Pick<Attribution, 'mark' | 'restate'>;
  /** Names peers that no answer named. */
  readonly directory?: PeerDirectory;
  /** Looks at the bytes of code themselves; without it the source is believed. */
  readonly bytesOf?: BytesOf;
  /** Who came in from outside, where the source does not tell. */
  readonly callerOf?: CallerOf;
  /** Told of each act that was known already and tells all by itself, for whoever answers the next one of its kind sooner. */
  readonly onKnown?: (act: AttributedAct, copy: WatchedInstance) => void;
}

export type { WatchOutput };

/** An act that was not known: as it was, as it is placed in the fingerprint, and what that comes to. */
interface News {
  readonly seen: AttributedAct;
  readonly act: AttributedAct;
  readonly raw: Behaviour;
  readonly key: string | undefined;
  readonly phase: Phase;
}

interface Watching {
  readonly watched: WatchedWorkload;
  readonly instance: WatchedInstance;
  readonly workload: Workload;
}

const none: readonly WatchOutput[] = [];
const restateUs = 1_000_000;
/** Ten times the pods of a full node: jobs come and go under new names for ever. */
const maxWorkloads = 1_024;

/**
 * Learns or judges, per workload: learned is what no fingerprint in force covers yet. What is never normal is an
 * incident from the first minute, and is never learned. Below a program that is not in the fingerprint nothing is
 * judged or learned: it is evidence of one incident.
 */
export class Watch {
  readonly #options: WatchOptions;
  readonly #counters: Counters;
  readonly #workloads = new Map<string, WatchedWorkload>();
  /** The same by instance: making the workload's key costs more than all the rest of a known act. */
  readonly #places = new WeakMap<InstanceRecord, Watching>();
  readonly #book: IncidentBook;
  readonly #callers: Callers;
  readonly #outlet = new IncidentOutlet();
  /** Copies in their start-up: as many as run, at most. */
  readonly #starting = new Set<WatchedInstance>();
  /** Drifts came since the open incidents were last looked at. */
  #grown = false;
  #restatedAt = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#counters = options.counters;
    this.#book = new IncidentBook();
    this.#callers = new Callers(options.callerOf);
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
    const { instance } = this.#watched(record, workload);
    return [started(workload, instance, state, this.#options.coverage())];
  }

  /** Sets what judges a workload from now on, and judges what runs. Undefined: it is learned again. */
  setInForce(workload: Workload, inForce: InForce | undefined): readonly WatchOutput[] {
    const watched = this.#workloadOf(workload);
    if (watched.inForce === inForce) return none;
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

  workloads(): Iterable<WatchedWorkload> {
    return this.#workloads.values();
  }

  *records(): Generator<InstanceRecord> {
    for (const { instances } of this.#workloads.values())
      for (const { record } of instances.values()) yield record;
  }

  incident(id: string): Incident | undefined {
    return this.#book.get(id);
  }

  openIncidents(): readonly Incident[] {
    return this.#book.open();
  }

  /** Whorl acted on it: the gravest an incident can be. */
  acted(id: string): readonly WatchOutput[] {
    const incident = this.#book.acted(id);
    if (incident === undefined) return none;
    this.#outlet.offer(incident, incident.last);
    return [restated(incident)];
  }

  /** Closes an incident: what happens later is another one. */
  forget(id: string): void {
    this.#book.close(id);
  }

  /** What was held back because only counts grew. */
  tick(time: number): readonly WatchOutput[] {
    for (const copy of this.#starting) if (copy.shown.isOverdue(time)) this.#settle(copy, time);
    if (!this.#grown || time - this.#restatedAt < restateUs) return none;
    this.#grown = false;
    this.#restatedAt = time;
    const open = this.#book.open();
    const due = this.#outlet.due(open, time);
    // Those whose pause is not over are looked at again.
    this.#grown = open.length > due.length;
    return due.map(restated);
  }

  /** What each learning instance has shown so far. */
  support(until: number): readonly WatchOutput[] {
    const out: WatchOutput[] = [];
    for (const watched of this.#workloads.values())
      for (const instance of watched.instances.values()) out.push(...support(watched, instance, until));
    return out;
  }

  #act(told: AttributedAct): readonly WatchOutput[] {
    const { workload } = told.instance;
    if (workload === undefined) return this.#count('unjudged.instance-unknown');
    const { watched, instance } = this.#watched(told.instance, workload);
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
    return this.#news({ watched, instance, workload }, { seen, act, raw, key, phase });
  }

  #news({ watched, instance }: Watching, { seen, act, raw, key, phase }: News): readonly WatchOutput[] {
    const at = act.event.time;
    const behaviour = generalise(raw, instance.namesFor(act));
    const verdict = act.process.outside
      ? evidenceOf(behaviour, watched.inForce)
      : opinionOf(act, behaviour, watched.inForce, phase);
    const other = foundInstead(act, behaviour, verdict, watched, instance);
    if (other !== undefined) return this.#count(other);
    // Whoever listens has started up: what it does from now on is its daily work.
    if (raw.kind === 'listen') this.#settle(instance, at);
    if (verdict.kind === 'drift') return this.#drift(watched, instance, act, behaviour, verdict);
    if (key !== undefined) instance.known.add(act.actor, key);
    if (verdict.kind === 'unjudged' && verdict.reason === 'no-fingerprint')
      return this.#learn(watched, instance, behaviour, { phase, at });
    this.#counters.add(verdict.kind === 'unjudged' ? `unjudged.${verdict.reason}` : 'behaviours.expected');
    const toLearn = forStart(seen, act, behaviour, verdict);
    return toLearn === undefined ? none : this.#learn(watched, instance, toLearn, { phase, at });
  }

  #asItIs(told: AttributedAct, copy: WatchedInstance): AsItIs {
    const { sensitiveNames, scriptNames, known } = copy;
    const is = asItIs(told, copy, this.#options.bytesOf);
    if (scriptNames.learn(told)) known.clear();
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
    const { event, process } = act;
    if (event.kind === 'exec') this.#options.attribution.mark(process, outsideReasons.has(verdict.because));
    const { inForce } = watched;
    const caller = this.#callers.of(act);
    const incident = this.#book.add({
      workload: watched.workload,
      instance: instance.instance,
      behaviour,
      verdict,
      process: process.ref,
      culprit: process.culprit ?? process.ref,
      time: event.time,
      ...('origin' in event && event.origin !== undefined ? { origin: event.origin } : {}),
      ...('sha256' in event && event.sha256 !== undefined ? { sha256: event.sha256 } : {}),
      ...(event.found === true ? { found: true as const } : {}),
      ...(caller === undefined ? {} : { caller }),
      // What nobody approved cannot be as grave as a breach of what somebody did.
      ...(inForce === undefined || inForce.approval.provisional === true ? { provisional: true } : {}),
      ...(inForce === undefined ? {} : { approval: inForce.approval }),
    });
    this.#grown = true;
    const told = incident === undefined ? undefined : this.#outlet.offer(incident, event.time);
    return told === undefined ? none : [{ type: 'incident', ...told, eventTime: event.time }];
  }

  #learn(
    watched: WatchedWorkload,
    instance: WatchedInstance,
    behaviour: Behaviour,
    { phase, at }: { readonly phase: Phase; readonly at: number },
  ): readonly WatchOutput[] {
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
    const report: Report = {
      type: 'novelty',
      workload,
      instance: instance.instance.id,
      index: entry.index,
      behaviour,
      phase,
      time: at,
    };
    return [{ type: 'report', report }];
  }

  #gap({ instance, event }: Extract<Attributed, { type: 'gap' }>): readonly WatchOutput[] {
    // A loss of unknown size is a loss.
    const least = Math.max(1, event.lost);
    for (const watched of this.#workloads.values())
      for (const one of watched.instances.values())
        if (instance === undefined || one.record === instance) this.#lose(one, least);
    return [gap(event, instance?.id)];
  }

  #exited(record: InstanceRecord, time: number): readonly WatchOutput[] {
    const { workload } = record;
    const watched = workload === undefined ? undefined : this.#workloads.get(workloadKey(workload));
    const instance = watched?.instances.get(record.id);
    if (workload === undefined || watched === undefined || instance?.record !== record) return none;
    watched.instances.delete(record.id);
    this.#starting.delete(instance);
    // Late acts of the dead are still looked at, one by one, but it has had its last report.
    instance.known.clear();
    return [...support(watched, instance, time), ended(workload, instance, time, this.#options.coverage())];
  }

  #watched(record: InstanceRecord, workload: Workload): Watching {
    const place = this.#places.get(record);
    if (place !== undefined && place.workload === workload) return place;
    const watched = this.#workloadOf(workload);
    const known = watched.instances.get(record.id);
    const instance =
      known?.record === record
        ? known
        : new WatchedInstance(record, this.#options.node, this.#options.directory);
    watched.instances.set(record.id, instance);
    if (instance.shown.phase === 'start') this.#starting.add(instance);
    const watching = { watched, instance, workload };
    this.#places.set(record, watching);
    return watching;
  }

  /** The oldest that has no copy here; what it learned was told, and is told again when it comes back. */
  #forgetOne(): void {
    for (const [key, { instances }] of this.#workloads) {
      if (instances.size > 0) continue;
      this.#workloads.delete(key);
      return;
    }
  }

  #workloadOf(workload: Workload): WatchedWorkload {
    const key = workloadKey(workload);
    const known = this.#workloads.get(key);
    if (known !== undefined) return known;
    if (this.#workloads.size >= maxWorkloads) this.#forgetOne();
    const watched = new WatchedWorkload(workload);
    this.#workloads.set(key, watched);
    return watched;
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

function placed(seen: AttributedAct, { inForce }: WatchedWorkload, copy: WatchedInstance): AttributedAct {
  if (inForce === undefined) return seen;
  const act = judges(inForce, 'start') ? seen : withUnlearnedStart(seen, copy);
  if (act.assumed === 0) return act;
  const actor = copy.placement.of(act, inForce.index);
  return { ...act, actor, assumed: act.assumed + actor.lineage.length - act.actor.lineage.length };
}

/**
 * What is learned of a copy whose start-up nobody has learned yet: the start-up, and of its daily work what is known
 * already, as it really was, for the fingerprint that will know starts.
 */
function forStart(
  seen: AttributedAct,
  act: AttributedAct,
  behaviour: Behaviour,
  verdict: Verdict,
): Behaviour | undefined {
  if (verdict.kind === 'unjudged' && verdict.reason === 'startup-not-learned') return behaviour;
  if (act.assumed === 0 || seen.assumed > 0) return undefined;
  const { root, lineage } = seen.actor;
  return { ...behaviour, root, lineage };
}

function withUnlearnedStart(act: AttributedAct, { shown, unlearnedStart }: WatchedInstance): AttributedAct {
  if (act.assumed > 0) return act;
  if (shown.phase === 'steady') return { ...act, assumed: unlearnedStart.assumedOf(act.actor) };
  if (act.event.kind === 'exec') unlearnedStart.executed(act.actor);
  return act;
}

/**
 * Of something that a sweep found: the counter under which it ends, if it is no news or no ground for a charge. It is
 * never known from then on: the same act, when it is seen to be done, is looked at for itself.
 */
function foundInstead(
  act: AttributedAct,
  behaviour: Behaviour,
  verdict: Verdict,
  { inForce }: WatchedWorkload,
  { drifted, lost }: WatchedInstance,
): string | undefined {
  if (act.event.found !== true) return undefined;
  const key = subjectKey(behaviour);
  if (act.event.kind !== 'exec' && key !== undefined && drifted.has(act.actor, key))
    return 'behaviours.known';
  if (act.process.outside) return undefined;
  const said = foundOpinion(act, behaviour, verdict, { inForce, lost: lost > 0 });
  if (said === verdict || said.kind === 'drift') return undefined;
  return said.kind === 'unjudged' ? `unjudged.${said.reason}` : 'behaviours.expected';
}
