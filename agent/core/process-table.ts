import type { ProcessRef } from '../../fingerprint/event.ts';
import { DeadProcesses, type PackedProcess } from './dead-processes.ts';
import type { InstanceRecord } from './instances.ts';
import { addChild, descends, newRecord, none, type ProcessRecord, removeChild } from './process-record.ts';

export interface ProcessTableOptions {
  /** Records kept, dead ones included. 32 768 is Linux's classic pid_max; some 20 MB if all of them lived. */
  readonly maxProcesses?: number;
  /** µs a dead process is kept: events of the slower ring arrive after its exit. */
  readonly graceUs?: number;
  /** How many of the dead stay as they were before they are packed; most late events come at once. */
  readonly unpacked?: number;
  readonly onEvicted?: () => void;
}

/**
 * The node's processes by (pid, start). A pid that comes back with another start retires its predecessor, whether or
 * not the exit was seen and in whatever order the events arrive.
 */
export class ProcessTable {
  readonly #byPid = new Map<number, ProcessRecord>();
  readonly #dead = new DeadProcesses();
  #size = 0;
  readonly #max: number;
  readonly #grace: number;
  readonly #unpacked: number;
  readonly #onEvicted: () => void;

  constructor(options: ProcessTableOptions = {}) {
    this.#max = options.maxProcesses ?? 32_768;
    this.#grace = options.graceUs ?? 30_000_000;
    this.#unpacked = options.unpacked ?? 64;
    this.#onEvicted = options.onEvicted ?? (() => undefined);
  }

  get size(): number {
    return this.#size;
  }

  get(ref: ProcessRef): ProcessRecord | undefined {
    let record = this.#byPid.get(ref.pid);
    while (record !== undefined && record.ref.start !== ref.start) {
      if (record.isRounded && isSameTick(record.ref.start, ref.start)) return name(record, ref);
      record = record.older;
    }
    if (record !== undefined) return record;
    const row = this.#dead.find(ref.pid, ref.start);
    return row < 0 ? undefined : this.#unpack(row);
  }

  /**
   * From here on the source may tell starts a little otherwise, as one does that reckons them by another boot time: each
   * is known to the clock tick until an event names it anew. No pid comes back within two ticks.
   */
  roundStarts(): void {
    for (const record of this.living()) record.isRounded = true;
  }

  /** The living process of that pid, if it started in this clock tick, as /proc tells it. */
  alive(pid: number, startTicks: number): ProcessRecord | undefined {
    const record = this.#byPid.get(pid);
    const isIt =
      record !== undefined &&
      record.exitedAt === undefined &&
      isSameTick(record.ref.start, startTicks * tickUs);
    return isIt ? record : undefined;
  }

  /** A process seen for the first time: what it was forked from, if known, is what it is until it executes. */
  add(ref: ProcessRef, parent: ProcessRecord | undefined, time: number): ProcessRecord {
    if (this.#size >= this.#max) this.#evict(parent, time);
    const record = newRecord(ref, parent);
    addChild(parent, record);
    this.#size += 1;
    this.#seat(record, time);
    if (parent?.instance !== undefined) this.join(record, parent.instance, time);
    return record;
  }

  exit(record: ProcessRecord, time: number): void {
    if (record.exitedAt !== undefined) return;
    if (record.instance !== undefined) leave(record.instance, time);
    record.exitedAt = time;
    this.#dead.push(record);
  }

  /**
   * Packs those that died a while ago. Whoever holds a record of one has another than the table from then on: call it
   * where all acts that were given out have been looked at.
   */
  pack(): void {
    while (this.#dead.untried > this.#unpacked) {
      const record = this.#dead.try();
      if (record === undefined || !isPackable(record)) continue;
      this.#dead.pack(record);
      removeChild(record.parent, record);
      record.parent = undefined;
      this.#unseat(record);
      // As of one that is forgotten.
      record.actor = undefined;
    }
  }

  /** Makes it a living member of the instance; of one instance at a time. */
  join(record: ProcessRecord, instance: InstanceRecord, time: number): void {
    if (record.instance === instance) return;
    if (record.exitedAt === undefined) {
      if (record.instance !== undefined) leave(record.instance, time);
      instance.live += 1;
    }
    record.instance = instance;
  }

  /** Forgets the dead whose grace is over. @param time µs since the epoch, never the machine's own clock. */
  expire(time: number): void {
    for (let died = this.#dead.oldest; died !== undefined; died = this.#dead.oldest) {
      if (died + this.#grace > time) break;
      this.#forgetOldestDead();
    }
  }

  /** A fork told after its child's first act: the link, and what the child is if it has not executed since. */
  adopt(child: ProcessRecord, parent: ProcessRecord): void {
    if (child.parent !== undefined || descends(parent, child)) return;
    child.parent = parent;
    addChild(parent, child);
    if (parent.own === 'tree') child.own = 'tree';
    child.culprit ??= parent.culprit;
    child.outside ||= parent.outside;
    child.moved ??= parent.moved;
    if (child.actor !== undefined || (child.instance !== undefined && child.instance !== parent.instance))
      return;
    child.root = parent.root;
    child.entrance = parent.entrance;
    child.actor = parent.actor;
    child.assumed = parent.assumed;
    child.image ??= parent.image;
  }

  /** Members of the instance, and the dead that are still known too. */
  *of(instance: InstanceRecord): Generator<ProcessRecord> {
    for (const row of this.#dead.membersOf(instance)) this.#unpack(row);
    for (const top of this.#byPid.values())
      for (let record: ProcessRecord | undefined = top; record !== undefined; record = record.older)
        if (record.instance === instance) yield record;
  }

  *living(): Generator<ProcessRecord> {
    for (const record of this.#byPid.values()) if (record.exitedAt === undefined) yield record;
  }

  /** The record and everything known to descend from it, the dead included. */
  *descendants(record: ProcessRecord): Generator<ProcessRecord> {
    for (const next of this.#kin(record)) {
      if (next.packed > 0) for (const row of this.#dead.childrenOf(next)) this.#unpack(row);
      yield next;
    }
  }

  /** The living among those that descend from the culprit, or whose link to it is gone but who carry its mark. */
  subtree(culprit: ProcessRef): readonly ProcessRecord[] {
    const record = this.get(culprit);
    const found = new Set(record === undefined ? [] : this.#kin(record));
    for (const other of this.living()) {
      const mark = other.culprit;
      if (mark?.pid === culprit.pid && mark.start === culprit.start) found.add(other);
    }
    return [...found].filter((r) => r.exitedAt === undefined);
  }

  /** All but the packed, of whom nobody descends. */
  *#kin(record: ProcessRecord): Generator<ProcessRecord> {
    const waiting = [record];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      yield next;
      waiting.push(...next.children);
    }
  }

  #seat(record: ProcessRecord, time: number): void {
    const current = this.#byPid.get(record.ref.pid);
    const isLate = this.#dead.hasLater(record.ref.pid, record.ref.start);
    if (current === undefined || current.ref.start < record.ref.start) {
      record.older = current;
      this.#byPid.set(record.ref.pid, record);
      if (current !== undefined) this.exit(current, time);
      if (isLate) this.exit(record, time);
      return;
    }
    // Late news of a predecessor: it goes below its successor and is dead already.
    let above = current;
    while (above.older !== undefined && above.older.ref.start > record.ref.start) above = above.older;
    record.older = above.older;
    above.older = record;
    this.exit(record, time);
  }

  #evict(keep: ProcessRecord | undefined, time: number): void {
    this.#onEvicted();
    if (this.#dead.size > 0) {
      this.#forgetOldestDead();
      return;
    }
    for (const record of this.#byPid.values()) {
      if (record === keep) continue;
      if (record.instance !== undefined) leave(record.instance, time);
      this.#forget(record);
      return;
    }
  }

  #forgetOldestDead(): void {
    const record = this.#dead.shift();
    if (record === undefined) this.#size -= 1;
    else this.#forget(record);
  }

  #unpack(row: number): ProcessRecord {
    const record = this.#dead.unpack(row, unpacked);
    addChild(record.parent, record);
    this.#seat(record, record.exitedAt ?? 0);
    return record;
  }

  /** Children pass to the grandparent, so that descent from those who are still known stays true. */
  #forget(record: ProcessRecord): void {
    for (const child of record.children) {
      child.parent = record.parent;
      addChild(record.parent, child);
    }
    record.children = none;
    removeChild(record.parent, record);
    record.parent = undefined;
    // Whoever still holds the record must not take it for the process: a later exec of it would not be told here.
    record.actor = undefined;
    if (this.#unseat(record)) this.#size -= 1;
  }

  #unseat(record: ProcessRecord): boolean {
    const top = this.#byPid.get(record.ref.pid);
    if (top === record) {
      if (record.older === undefined) this.#byPid.delete(record.ref.pid);
      else this.#byPid.set(record.ref.pid, record.older);
      return true;
    }
    for (let above = top; above !== undefined; above = above.older) {
      if (above.older !== record) continue;
      above.older = record.older;
      return true;
    }
    return false;
  }
}

/** USER_HZ is 100 on every Linux ABI; kernel and source round the same clock at different places. */
const tickUs = 10_000;

function isSameTick(a: number, b: number): boolean {
  return Math.abs(Math.floor(a / tickUs) - Math.floor(b / tickUs)) <= 1;
}

function name(record: ProcessRecord, ref: ProcessRef): ProcessRecord {
  record.ref = ref;
  record.isRounded = false;
  return record;
}

function leave(instance: InstanceRecord, time: number): void {
  instance.live = Math.max(0, instance.live - 1);
  if (instance.live === 0) instance.emptySince = time;
}

/**
 * Who has kin below it, or whose acts may wait for a workload, is still looked up as the one it was; and where the parent
 * is dead, the child would have to find the next one above it when that is forgotten.
 */
function isPackable({ actor, children, instance, isRounded, packed, parent }: ProcessRecord): boolean {
  if (isRounded || packed > 0 || children.size > 0) return false;
  if (parent !== undefined && parent.exitedAt !== undefined) return false;
  return instance === undefined || (instance.workload !== undefined && actor !== undefined);
}

function unpacked({ pid, start, exitedAt, state, parent }: PackedProcess): ProcessRecord {
  // All properties in the order of every other record: the compiled code knows one shape.
  return Object.assign(newRecord({ pid, start }, undefined), state, { parent, exitedAt });
}
