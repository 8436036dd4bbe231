import type { CoverageWord } from '../../../../fingerprint/coverage.ts';
import type { Event, ProcessRef } from '../../../../fingerprint/event.ts';
import { BytesTable, viewOf } from '../../hotpath/bytes-table.ts';
import { GrpcFrames } from '../../hotpath/grpc-frames.ts';
import type { RecordWatcher } from '../../hotpath/raw-record.ts';
import { TraceeRaw } from '../../hotpath/tracee-raw.ts';
import type { SourceNote } from '../../source-note.ts';
import { ContainerPlaces } from '../container-places.ts';
import type { NodeView } from '../node-view.ts';
import { textOf } from '../sensor-text.ts';
import { DatagramSockets } from './datagram-sockets.ts';
import { isKnownRelease, newestDialect, type TraceeDialect, traceeDialectOf } from './dialect.ts';
import { NamedCounts } from './named-counts.ts';
import { ReadExecutions } from './read-executions.ts';
import { containerIn, containerOf, ToldContainers } from './tracee-container.ts';
import { type ContainerEventName, factsOf } from './tracee-events.ts';
import type { Facts, Read } from './tracee-facts.ts';
import type { TraceeEventName } from './tracee-fields.ts';
import { TraceeProcesses } from './tracee-processes.ts';
import { TraceeValues } from './tracee-values.ts';

export { traceeDialectOf } from './dialect.ts';

/**
 * What Tracee sees by the policy of deploy/sources/tracee. Not: system calls of another architecture, leaving a control
 * group, capability use (`cap_capable` is read where somebody switches it on, and is too much to ask of every node).
 */
export const traceeCoverage: readonly CoverageWord[] = [
  'exec',
  'load',
  'open',
  'link',
  'delete',
  'rename',
  'connect',
  'listen',
  'resolve',
  'module-load',
  'ptrace',
  'memfd',
  'setns',
  'unshare',
  'mount',
  'chroot',
  'bpf',
  'io-uring',
];

export interface TraceeNormaliser {
  /**
   * Never throws: what cannot be read is counted and told as lost.
   *
   * @param bytes the gRPC stream of StreamEvents as it came: framed messages, cut anywhere
   * @param watcher gets the events message by message; what is returned then belongs to none
   */
  push(bytes: Uint8Array, watcher?: RecordWatcher): Event[];
  /** `connected` begins a new stream and tells the version by which the messages are read. */
  note(note: SourceNote): Event[];
  coverage(): readonly CoverageWord[];
  isSettled(): boolean;
  counters(): Readonly<Record<string, number>>;
}

export function createTraceeNormaliser(view: NodeView): TraceeNormaliser {
  return new Normaliser(view);
}

const hostCgroup = 1;
/** Containers whose control group is known by the bytes of their id. */
const maxContainers = 8_192;
/** Of what could not be read, one gap tells within this time. */
const lossToldEveryUs = 1_000_000;
const nobody: ProcessRef = { pid: 0, start: 0 };
/** Kinds by which it shows whose child a process is; files are the many, and say it again for nothing. */
const fileKinds: ReadonlySet<Facts['kind']> = new Set(['open', 'load', 'delete', 'rename', 'link']);

class Normaliser implements TraceeNormaliser {
  readonly #frames = new GrpcFrames();
  #processes: TraceeProcesses;
  readonly #sockets = new DatagramSockets();
  readonly #executions = new ReadExecutions();
  readonly #view: NodeView;
  #places: ContainerPlaces;
  readonly #told = new ToldContainers();
  readonly #containers = new BytesTable();
  /** Control groups, by number of the container. */
  readonly #cgroups: number[] = [];
  readonly #raw: TraceeRaw;
  #dialect: TraceeDialect = newestDialect;
  #isSettled = false;
  #lastTime = 0;
  #lost = 0;
  #lossToldAt = 0;
  readonly #counts = { records: 0, skipped: 0, passed: 0, malformed: 0, unreadable: 0, newer: 0 };
  readonly #unknown = new NamedCounts();
  readonly #detections = new NamedCounts();

  constructor(view: NodeView) {
    this.#view = view;
    this.#places = new ContainerPlaces(view);
    this.#processes = new TraceeProcesses(view);
    this.#raw = new TraceeRaw({
      startOf: (pid, tid, told, uid) => this.#processes.startOf(pid, tid, told, uid),
      timeOf: (told) => this.#processes.timeOf(told),
      cgroupOf: (bytes, view, from, to) => this.#cgroups[this.#containers.find(bytes, view, from, to)] ?? 0,
    });
  }

  push(bytes: Uint8Array, watcher?: RecordWatcher): Event[] {
    const out: Event[] = [];
    const refused = this.#frames.refused;
    this.#frames.push(bytes, (held, from, to) => this.#message(held, from, to, out, watcher));
    this.#lost += this.#frames.refused - refused;
    this.#tellLoss(out);
    return out;
  }

  note(note: SourceNote): Event[] {
    switch (note.type) {
      case 'connected':
        this.#connected(note.version);
        return [];
      case 'watching':
        this.#isSettled = true;
        return [];
      case 'snapshot':
        return [];
      case 'gap': {
        // What was lost may have been the end of a container: where each lives is looked up again.
        this.#forgetPlaces();
        const { since, until, lost, reason } = note;
        return [{ kind: 'gap', time: until, process: nobody, since, until, lost, reason }];
      }
    }
  }

  coverage(): readonly CoverageWord[] {
    return traceeCoverage;
  }

  isSettled(): boolean {
    return this.#isSettled;
  }

  counters(): Readonly<Record<string, number>> {
    const c = this.#counts;
    return {
      'tracee.records': c.records,
      'tracee.skipped': c.skipped,
      'tracee.passed': c.passed,
      'tracee.malformed': c.malformed + this.#frames.refused,
      'tracee.unreadable': c.unreadable,
      'tracee.newer': c.newer,
      'tracee.unknown': this.#unknown.total,
      ...this.#unknown.counters('tracee.unknown'),
      'tracee.detections': this.#detections.total,
      ...this.#detections.counters('tracee.detection'),
    };
  }

  #connected(version: string): void {
    this.#frames.reset();
    if (!isKnownRelease(version)) this.#counts.newer += 1;
    this.#dialect = traceeDialectOf(version) ?? newestDialect;
    this.#raw.speak(this.#dialect);
    this.#executions.clear();
    this.#forgetPlaces();
    // A Tracee that was started anew reckons starts by another boot time: attribution knows them again to the tick.
    this.#processes = new TraceeProcesses(this.#view);
  }

  #forgetPlaces(): void {
    this.#places = new ContainerPlaces(this.#view);
    this.#containers.clear();
    this.#cgroups.length = 0;
  }

  #message(
    bytes: Uint8Array,
    from: number,
    to: number,
    out: Event[],
    watcher: RecordWatcher | undefined,
  ): void {
    const raw = this.#raw;
    this.#counts.records += 1;
    const placed = raw.place(bytes, from, to);
    if (placed === 'malformed') {
      this.#counts.malformed += 1;
      this.#lost += 1;
      return;
    }
    if (raw.hasThreat) this.#detections.add(this.#nameOf());
    if (placed === 'unknown') {
      // A detection has a name of its own, and is counted as what it is.
      if (!raw.hasThreat) this.#unknown.add(this.#nameOf());
      return;
    }
    if (watcher === undefined) this.#take(out);
    else if (watcher.skips(raw)) this.#counts.skipped += 1;
    else this.#give(watcher);
    if (raw.time > this.#lastTime) this.#lastTime = raw.time;
  }

  #give(watcher: RecordWatcher): void {
    const events: Event[] = [];
    this.#take(events);
    watcher.gave(this.#raw, events);
  }

  #nameOf(): string {
    const { bytes, name } = this.#raw;
    return textOf(bytes.subarray(name.from, name.to));
  }

  #take(out: Event[]): void {
    const name = this.#raw.row?.name;
    if (name === undefined) return;
    if (name === 'container_create' || name === 'existing_container' || name === 'container_remove')
      this.#container(name, out);
    else this.#act(name, out);
  }

  #act(name: Exclude<TraceeEventName, ContainerEventName>, out: Event[]): void {
    const { pid, start } = this.#raw;
    if (pid === 0) {
      this.#counts.passed += 1;
      return;
    }
    const process = { pid, start };
    const facts =
      name === 'sched_process_exec'
        ? this.#executions.of(this.#raw, () => this.#read(name, process))
        : this.#read(name, process);
    if (facts === 'nothing') this.#counts.passed += 1;
    else if (facts === 'unreadable') this.#counts.unreadable += 1;
    else this.#tell(process, facts, out);
  }

  #read(name: Exclude<TraceeEventName, ContainerEventName>, process: ProcessRef): Read {
    return factsOf(this.#raw, name, {
      process,
      dialect: this.#dialect,
      sockets: this.#sockets,
      born: (child, told) => this.#processes.born(child, told),
    });
  }

  #tell(process: ProcessRef, facts: Facts, out: Event[]): void {
    const { cgroup, time } = this.#raw;
    const where = cgroup === 0 ? this.#where(out) : undefined;
    const parent = fileKinds.has(facts.kind) ? undefined : this.#parent();
    // Nothing made in between: this is done for each act that is not known, and for each life.
    if (where !== undefined)
      out.push({ time, process, ...(parent && { parent }), ...where, ...facts } as Event);
    else if (parent === undefined) out.push({ time, process, cgroup, ...facts } as Event);
    else out.push({ time, process, parent, cgroup, ...facts } as Event);
  }

  /** In a container whose control group nobody knew until now. */
  #where(out: Event[]): Pick<Event, 'cgroup' | 'container'> {
    const { bytes, containerId, pid, time } = this.#raw;
    const id = textOf(bytes.subarray(containerId.from, containerId.to));
    const found = this.#places.cgroupOf(id, pid, time, out);
    if (found === undefined) return { container: this.#told.told(containerOf(this.#raw)) };
    this.#keepPlace(bytes.subarray(containerId.from, containerId.to), found);
    return { cgroup: found };
  }

  #keepPlace(id: Uint8Array, cgroup: number): void {
    if (this.#containers.size >= maxContainers) {
      this.#containers.clear();
      this.#cgroups.length = 0;
    }
    this.#cgroups[this.#containers.add(id)] = cgroup;
  }

  #parent(): ProcessRef | undefined {
    const { pid, uid } = this.#raw.namedParent();
    return pid === 0 ? undefined : this.#processes.parent(pid, uid);
  }

  #container(name: ContainerEventName, out: Event[]): void {
    const { time } = this.#raw;
    // All three have the same arguments; the end of one leaves most of them out.
    const told = this.#raw.arguments.scan()
      ? containerIn(new TraceeValues(this.#raw, 'container_create'))
      : undefined;
    if (told === undefined) {
      this.#counts.unreadable += 1;
      return;
    }
    const { id } = told;
    this.#counts.passed += 1;
    if (name !== 'container_remove') {
      this.#told.told(told);
      this.#places.cgroupOf(id, 0, time, out);
      return;
    }
    const ended = this.#places.ended(id);
    const bytes = new TextEncoder().encode(id);
    const number = this.#containers.find(bytes, viewOf(bytes), 0, bytes.length);
    if (number >= 0) this.#cgroups[number] = 0;
    if (ended === undefined || ended === hostCgroup) return;
    out.push({ time, process: nobody, kind: 'cgroup', action: 'removed', id: ended, path: '' });
  }

  /** A message that could not be read was an event: absence is unknown from then on. */
  #tellLoss(out: Event[]): void {
    if (this.#lost === 0 || this.#lastTime - this.#lossToldAt < lossToldEveryUs) return;
    const [until, lost] = [this.#lastTime, this.#lost];
    const since = Math.max(this.#lossToldAt, until - lossToldEveryUs);
    out.push({
      kind: 'gap',
      time: until,
      process: nobody,
      since,
      until,
      lost,
      reason: 'messages of Tracee that could not be read',
    });
    this.#lost = 0;
    this.#lossToldAt = until;
  }
}
