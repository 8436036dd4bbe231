import { microsOf, wrapped } from './tracee-numbers.ts';
import { Unread } from './unread.ts';
import { Wire } from './wire.ts';
import { Part } from './wire-part.ts';

/** Numbers of the fields that are read, in all dialects the same. */
const workloadField = { process: 1, container: 2, k8s: 3 } as const;
const processField = { uniqueId: 2, hostPid: 3, thread: 6, ancestors: 7 } as const;
const threadField = { startTime: 1, hostTid: 4 } as const;
const containerField = { id: 1 } as const;
const maxPid = 0x7fff_ffff;

/** What the `workload` of a message says: by its bytes alone, so that equal ones say the same wherever they lie. */
export class TraceeWorkload {
  pid = 0;
  uniqueId = 0;
  /** That of the process where the message leaves it out. */
  tid = 0;
  /** µs, of the thread, as told. */
  started = 0;
  // Where its parts lie, flat because many of these are kept: reckoned from its own beginning, both 0 for what is not there.
  containerFrom = 0;
  containerTo = 0;
  idFrom = 0;
  idTo = 0;
  k8sFrom = 0;
  k8sTo = 0;
  parentFrom = 0;
  parentTo = 0;
}

/** Reads one, field by field. */
export class TraceeWorkloadReader {
  /** What of the last one decided nothing: names, and what is only found here and read by others. */
  readonly unread = new Unread();
  readonly #wire = new Wire();
  readonly #inner = new Wire();
  readonly #process = new Part();
  readonly #container = new Part();
  readonly #containerId = new Part();
  readonly #k8s = new Part();
  readonly #thread = new Part();
  readonly #startTime = new Part();
  readonly #parent = new Part();
  #bytes = this.#wire.bytes;

  /** @returns false: it is malformed; then nothing of `into` counts */
  read(into: TraceeWorkload, bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    this.#bytes = bytes;
    this.unread.clear();
    if (!this.#readParts(from, to) || !this.#readContainer()) return false;
    if (!this.#readProcess(into) || !this.#readThread(into)) return false;
    into.started = microsOf(this.#inner, bytes, view, this.#startTime.from, this.#startTime.to);
    into.containerFrom = this.#container.fromIn(from);
    into.containerTo = this.#container.toIn(from);
    into.idFrom = this.#containerId.fromIn(from);
    into.idTo = this.#containerId.toIn(from);
    into.k8sFrom = this.#k8s.fromIn(from);
    into.k8sTo = this.#k8s.toIn(from);
    into.parentFrom = this.#parent.fromIn(from);
    into.parentTo = this.#parent.toIn(from);
    return into.started >= 0;
  }

  #place({ from, to }: Part): Wire {
    return this.#wire.place(this.#bytes, from, to);
  }

  #readParts(from: number, to: number): boolean {
    const wire = this.#wire.place(this.#bytes, from, to);
    this.#process.clear();
    this.#container.clear();
    this.#k8s.clear();
    while (wire.next()) {
      const part = wire.type === 2 ? this.#partOf(wire.field) : undefined;
      if (part?.takeOnce(wire) === false) return false;
    }
    this.unread.add(this.#k8s.from, this.#k8s.to);
    return !wire.broken;
  }

  #partOf(field: number): Part | undefined {
    switch (field) {
      case workloadField.process:
        return this.#process;
      case workloadField.container:
        return this.#container;
      case workloadField.k8s:
        return this.#k8s;
      default:
        return undefined;
    }
  }

  #readContainer(): boolean {
    const wire = this.#place(this.#container);
    this.#containerId.clear();
    while (wire.next()) {
      if (wire.type !== 2) continue;
      if (wire.field === containerField.id) this.#containerId.take(wire);
      this.unread.add(wire.from, wire.to);
    }
    return !wire.broken;
  }

  #readProcess(into: TraceeWorkload): boolean {
    const wire = this.#place(this.#process);
    let pid = 0;
    let uniqueId = 0;
    this.#thread.clear();
    this.#parent.clear();
    while (wire.next()) {
      if (wire.type !== 2) continue;
      switch (wire.field) {
        case processField.uniqueId:
          uniqueId = wrapped(this.#inner, wire, uniqueId);
          break;
        case processField.hostPid:
          pid = wrapped(this.#inner, wire, pid);
          break;
        case processField.thread:
          if (!this.#thread.takeOnce(wire)) return false;
          break;
        case processField.ancestors:
          // The parent comes first; more there never are.
          if (this.#parent.to === 0) this.#parent.take(wire);
          this.unread.add(wire.from, wire.to);
          break;
        default:
          this.unread.add(wire.from, wire.to);
      }
    }
    into.pid = pid;
    into.uniqueId = uniqueId;
    return !wire.broken && pid >= 0 && pid <= maxPid && uniqueId >= 0;
  }

  #readThread(into: TraceeWorkload): boolean {
    const wire = this.#place(this.#thread);
    let tid = 0;
    this.#startTime.clear();
    while (wire.next()) {
      if (wire.type !== 2) continue;
      if (wire.field === threadField.startTime && !this.#startTime.takeOnce(wire)) return false;
      if (wire.field === threadField.hostTid) tid = wrapped(this.#inner, wire, tid);
      else if (wire.field !== threadField.startTime) this.unread.add(wire.from, wire.to);
    }
    // A mask may have left it out.
    into.tid = tid === 0 ? into.pid : tid;
    return !wire.broken && tid >= 0;
  }
}

/** The process that is named there, by its pid and Tracee's hash; `pid` 0: none is, or not readably. */
export function processIn(
  bytes: Uint8Array,
  from: number,
  to: number,
): { readonly pid: number; readonly uid: number } {
  const wire = new Wire().place(bytes, from, to);
  const inner = new Wire();
  let pid = 0;
  let uid = 0;
  while (wire.next()) {
    if (wire.type !== 2) continue;
    if (wire.field === processField.hostPid) pid = wrapped(inner, wire, pid);
    else if (wire.field === processField.uniqueId) uid = wrapped(inner, wire, uid);
  }
  const isSound = !wire.broken && pid >= 0 && pid <= maxPid && uid >= 0;
  return isSound ? { pid, uid } : { pid: 0, uid: 0 };
}
