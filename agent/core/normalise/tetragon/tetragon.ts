import type { CoverageWord } from '../../../../fingerprint/coverage.ts';
import type { Event, ProcessRef } from '../../../../fingerprint/event.ts';
import { GrpcFrames } from '../../hotpath/grpc-frames.ts';
import type { RecordWatcher } from '../../hotpath/raw-record.ts';
import { TetragonRawRecord } from '../../hotpath/tetragon-raw.ts';
import type { SourceNote } from '../../source-note.ts';
import type { NodeView } from '../node-view.ts';
import { meaningOf } from './act.ts';
import { type Home, TetragonContainers } from './containers.ts';
import { readWire } from './from-wire.ts';
import type { Execution, Facts } from './hook.ts';
import { coverageWith, hookOf } from './hooks.ts';
import { type Met, TetragonImages } from './images.ts';
import type { Message, Process, Response } from './messages.ts';
import { TetragonProcesses, type Tracked } from './processes.ts';
import { aboutWhom, actOf, isForeign, timeOf } from './records.ts';
import { signalNumber } from './signals.ts';

export { readTetragonJson } from './from-json.ts';
export { missingPolicies, tetragonCoverage } from './hooks.ts';
export { isOurs, rankOf, recordedAt } from './records.ts';
export type { Response };

type Act = Message<'ProcessKprobe'> | Message<'ProcessLsm'>;

export interface TetragonOptions {
  /** Names of the policies that are loaded; undefined where nobody says so: then those of which something came. */
  readonly policies: () => Iterable<string> | undefined;
}

/**
 * Keep one for all connections of an agent: which process is which, and when it started, is known from one connection to
 * the next only by what is remembered here.
 */
export class TetragonNormaliser {
  readonly #frames = new GrpcFrames();
  readonly #raw = new TetragonRawRecord();
  readonly #options: TetragonOptions;
  readonly #processes: TetragonProcesses;
  readonly #containers: TetragonContainers;
  readonly #images: TetragonImages;
  #settled = false;
  /** Of the first event of this connection, µs since the epoch: what began earlier was found. */
  #since: number | undefined;
  #lastTime = 0;
  /** Our policies of which something came. */
  readonly #heardOf = new Set<string>();
  /** Control group by Tetragon's name → since when it is throttled. */
  readonly #throttled = new Map<string, number>();
  readonly #counts = {
    records: 0,
    skipped: 0,
    malformed: 0,
    unknown: 0,
    foreign: 0,
    processless: 0,
    silent: 0,
    late: 0,
    lost: 0,
  };

  constructor(view: NodeView, options: TetragonOptions) {
    this.#options = options;
    this.#processes = new TetragonProcesses(view);
    this.#containers = new TetragonContainers(view);
    this.#images = new TetragonImages(this.#processes, this.#containers);
  }

  /**
   * @param bytes the gRPC stream of GetEvents as it came: framed messages, cut anywhere
   * @param watcher gets the events message by message; what is returned then belongs to none
   */
  push(bytes: Uint8Array, watcher?: RecordWatcher): Event[] {
    const events: Event[] = [];
    this.#frames.push(bytes, (message, from, to) => {
      this.#counts.records += 1;
      if (watcher === undefined) this.#read(message, from, to, events);
      else if (watcher.skips(this.#raw.place(message, from, to, this.#processes))) this.#counts.skipped += 1;
      else this.#give(message, from, to, watcher);
    });
    return events;
  }

  /** One event that is read already: of the JSON export. */
  take(response: Response): Event[] {
    this.#counts.records += 1;
    const events: Event[] = [];
    this.#take(response, events);
    return events;
  }

  /** Of a recording, before anything of it is taken: every record, in any order. */
  ahead(response: Response): void {
    const about = aboutWhom(response);
    const act = actOf(response);
    const policy = hookOf(act?.policy_name, act?.function_name)?.policy;
    if (policy !== undefined) this.#heardOf.add(policy);
    this.#containers.ahead(about?.process);
    this.#containers.ahead(about?.parent);
  }

  note(note: SourceNote): Event[] {
    switch (note.type) {
      case 'connected':
        this.#frames.reset();
        this.#settled = false;
        this.#since = undefined;
        return [];
      case 'watching':
        return [];
      case 'snapshot':
        this.#settled = true;
        return this.#snapshot(note.bytes);
      case 'gap': {
        this.#counts.lost += note.lost;
        return [this.#gap(note.since, note.until, note.lost, note.reason)];
      }
    }
  }

  coverage(): readonly CoverageWord[] {
    return coverageWith(this.#options.policies() ?? this.#heardOf);
  }

  isSettled(): boolean {
    return this.#settled;
  }

  counters(): Readonly<Record<string, number>> {
    const counts = {
      ...this.#counts,
      malformed: this.#counts.malformed + this.#images.unreadable,
      forgotten: this.#processes.forgotten,
      refused: this.#frames.refused,
    };
    return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`tetragon.${name}`, count]));
  }

  #give(message: Uint8Array, from: number, to: number, watcher: RecordWatcher): void {
    const events: Event[] = [];
    this.#read(message, from, to, events);
    watcher.gave(this.#raw, events);
  }

  #read(message: Uint8Array, from: number, to: number, events: Event[]): void {
    const response = readWire('GetEventsResponse', message, from, to);
    if (response === undefined) this.#counts.malformed += 1;
    else this.#take(response, events);
  }

  #take(response: Response, events: Event[]): void {
    const time = timeOf(response) ?? this.#lastTime;
    if (time > this.#lastTime) this.#lastTime = time;
    this.#since ??= time;
    const { process_kprobe: kprobe, process_lsm: lsm, process_loader: loader } = response;
    if (response.process_exec !== undefined) this.#executed(response.process_exec, time, events);
    else if (response.process_exit !== undefined) this.#exited(response.process_exit, time, events);
    else if (kprobe !== undefined) this.#acted(kprobe, kprobe.return, time, events);
    else if (lsm !== undefined) this.#acted(lsm, undefined, time, events);
    else if (loader !== undefined) this.#loaded(loader, time, events);
    else if (response.rate_limit_info !== undefined) this.#limited(response.rate_limit_info, time, events);
    else if (response.process_throttle !== undefined) this.#throttle(response.process_throttle, time, events);
    else if (isForeign(response)) this.#counts.foreign += 1;
    else this.#counts.unknown += 1;
  }

  #executed({ process, parent }: Message<'ProcessExec'>, time: number, events: Event[]): void {
    const who = process === undefined ? undefined : this.#processes.of(process);
    if (process === undefined || who === undefined) {
      this.#counts.processless += 1;
      return;
    }
    const told = events.length;
    const found = /\bprocFS\b/.test(process.flags ?? '');
    this.#meet(who, { process, parent, time, how: found ? 'found' : 'seen' }, events);
    if (events.length === told) this.#counts.late += 1;
  }

  #meet(who: Tracked, met: Met, events: Event[]): Home {
    return this.#images.meet(who, met, this.#since ?? 0, events);
  }

  #exited(exit: Message<'ProcessExit'>, time: number, events: Event[]): void {
    const { process, parent, status, signal } = exit;
    const who = process === undefined ? undefined : this.#processes.of(process);
    if (process === undefined || who === undefined || who.exitedAt !== undefined) {
      this.#counts[who === undefined ? 'processless' : 'late'] += 1;
      return;
    }
    const home = this.#meet(who, { process, parent, time, how: 'late' }, events);
    const number = signalNumber(signal);
    who.exitedAt = this.#processes.sinceBoot(exit.time ?? time) ?? who.executedAt ?? who.firstAt;
    events.push({
      time: exit.time ?? time,
      process: who.ref,
      ...home,
      kind: 'exit',
      code: (status ?? 0) & 0xff,
      ...(number === undefined ? {} : { signal: number }),
    });
  }

  #acted(act: Act, returned: Message<'KprobeArgument'> | undefined, time: number, events: Event[]): void {
    const hook = hookOf(act.policy_name, act.function_name);
    if (hook === undefined) {
      this.#counts.foreign += 1;
      return;
    }
    this.#heardOf.add(hook.policy);
    const meaning = meaningOf(hook, act.args ?? [], returned);
    if (meaning === 'malformed') this.#counts.malformed += 1;
    else this.#tell(act.process, act.parent, meaning, time, events);
  }

  #loaded({ process, parent, path }: Message<'ProcessLoader'>, time: number, events: Event[]): void {
    const facts: Facts | undefined =
      path?.startsWith('/') === true && path !== '/' ? { kind: 'load', path } : undefined;
    this.#tell(process, parent, facts && { facts }, time, events);
  }

  #tell(
    process: Process | undefined,
    parent: Process | undefined,
    meaning: { readonly facts: Facts | Execution; readonly error?: number } | undefined,
    time: number,
    events: Event[],
  ): void {
    const who = process === undefined ? undefined : this.#processes.of(process);
    if (process === undefined || who === undefined) {
      this.#counts.processless += 1;
      return;
    }
    const home = this.#meet(who, { process, parent, time, how: 'late' }, events);
    if (meaning === undefined) {
      this.#counts.silent += 1;
      return;
    }
    const { facts, ...failed } = meaning;
    if (facts.kind === 'execution') {
      who.next = { exe: facts.exe, at: this.#processes.sinceBoot(time) ?? 0 };
      return;
    }
    // Between the load of an image and its start the kernel maps the image, as the program that was.
    if (facts.kind === 'load' && who.next !== undefined) {
      this.#counts.silent += 1;
      return;
    }
    events.push({ time, process: who.ref, ...home, ...failed, ...facts });
  }

  #snapshot(bytes: Uint8Array): Event[] {
    const events: Event[] = [];
    if (bytes.length === 0) return events;
    const response = readWire('GetDebugResponse', bytes, 0, bytes.length);
    if (response === undefined) {
      this.#counts.malformed += 1;
      return events;
    }
    for (const { process } of response.processes?.processes ?? []) {
      const who = process === undefined ? undefined : this.#processes.of(process);
      if (process === undefined || who === undefined) {
        this.#counts.processless += 1;
        continue;
      }
      // Parents of what runs are kept in the cache when they have ended.
      if (!this.#processes.isAlive(who)) continue;
      const time = Math.max(this.#lastTime, process.start_time ?? 0);
      this.#meet(who, { process, parent: undefined, time, how: 'found' }, events);
    }
    return events;
  }

  #limited(
    { number_of_dropped_process_events: dropped = 0 }: Message<'RateLimitInfo'>,
    time: number,
    events: Event[],
  ): void {
    this.#counts.lost += dropped;
    events.push(this.#gap(time, time, dropped, 'rate limit of the export'));
  }

  #throttle({ type, cgroup = '' }: Message<'ProcessThrottle'>, time: number, events: Event[]): void {
    const id = this.#containers.cgroupNamed(cgroup, time, events);
    const since = this.#throttled.get(cgroup) ?? time;
    if (type === 'start' && this.#throttled.size < maxThrottled) this.#throttled.set(cgroup, time);
    if (type === 'stop') this.#throttled.delete(cgroup);
    const gap = this.#gap(Math.min(since, time), time, 0, 'throttled by Tetragon');
    events.push(id === undefined ? gap : { ...gap, cgroup: id });
  }

  #gap(since: number, until: number, lost: number, reason: string): Event {
    return { kind: 'gap', time: until, process: nobody, since, until, lost, reason };
  }
}

const nobody: ProcessRef = { pid: 0, start: 0 };
/** As many containers as a crowded node has, ten times. */
const maxThrottled = 4_096;

export function createTetragonNormaliser(view: NodeView, options: TetragonOptions): TetragonNormaliser {
  return new TetragonNormaliser(view, options);
}
