import type { ProcessRef } from '../../../../fingerprint/event.ts';
import type { NodeView } from '../node-view.ts';
import { type ExecId, parseExecId } from './exec-id.ts';
import type { Process } from './messages.ts';

/** One process, as Tetragon's executions of it are put together. Times in µs since boot, by Tetragon's clock. */
export interface Tracked {
  readonly ref: ProcessRef;
  /** The earliest that was told of it. */
  firstAt: number;
  /** Its latest execution that came with its own event; undefined: only forked so far, as far as we know. */
  executedAt: number | undefined;
  /** The execution or fork up to which everybody has been told what it runs. */
  toldAt: number | undefined;
  /** That execution, or its fork, as bytes of its id: what a look at a record compares. */
  readonly id: { bytes: Uint8Array; cgroup: number };
  /** What it runs. */
  exe: string | undefined;
  /** What it is about to run: the kernel has loaded it, and maps it into place. */
  next: { readonly exe: string; readonly at: number } | undefined;
  exitedAt: number | undefined;
  /** The process that had the pid before. */
  older: Tracked | undefined;
}

/** Linux's classic pid_max. A node has some thousands; what is more is forgotten, those that ended first. */
const maxPids = 32_768;
/** Tetragon tells of a pid's former owners up to 30 s late; more of them than this in that time is a fork bomb. */
const maxOlder = 4;
const tickUs = 10_000;

/**
 * Which process a message is about. Tetragon names executions; here a process is its pid and its start, the same for all
 * it executes. /proc says when a living one started; for one that is gone its first execution stands for that.
 */
export class TetragonProcesses {
  readonly #view: NodeView;
  readonly #byPid = new Map<number, Tracked>();
  /** µs from boot to the Unix epoch by Tetragon's clock: from the messages that tell a time both ways. */
  #epochOffset: number | undefined;
  #forgotten = 0;

  constructor(view: NodeView) {
    this.#view = view;
  }

  /** Processes that had to be forgotten while they may still have run. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The process that a message describes. @returns undefined when it does not say which */
  of(message: Process): Tracked | undefined {
    const id = this.idOf(message);
    return id === undefined ? undefined : this.#find(id, message);
  }

  /** Its parent, by what the message says of it. */
  parentOf(message: Process, parent: Process | undefined): Tracked | undefined {
    const told = parent === undefined ? undefined : this.idOf(parent);
    const id = told ?? parseExecId(message.parent_exec_id);
    // Pid 0 stands for nobody; its own pid says what it was before it executed.
    if (id === undefined || id.pid === 0 || id.pid === message.pid) return undefined;
    return this.#find(id, told === undefined ? undefined : parent);
  }

  /** Whether it is the one that has the pid now, as /proc says. */
  isAlive({ ref }: Tracked): boolean {
    const ticks = this.#view.startTicks(ref.pid);
    return ticks !== undefined && Math.abs(ticks * tickUs - ref.start) <= 2 * tickUs;
  }

  /** Who has the pid now, for a look at a record. */
  latest(pid: number): Tracked | undefined {
    return this.#byPid.get(pid);
  }

  idOf(message: Process): ExecId | undefined {
    const { pid, start_time: time } = message;
    if (pid === undefined || pid === 0) return undefined;
    const id = parseExecId(message.exec_id);
    if (id !== undefined) {
      if (id.pid !== pid) return undefined;
      if (time !== undefined && time > 0) this.#epochOffset = time - id.at;
      return id;
    }
    // A process that Tetragon does not know has no id, but its start.
    if (time === undefined || this.#epochOffset === undefined) return undefined;
    return { pid, at: Math.max(0, time - this.#epochOffset) };
  }

  /** A time since the epoch, since boot; undefined before anything told the difference. */
  sinceBoot(time: number): number | undefined {
    return this.#epochOffset === undefined ? undefined : time - this.#epochOffset;
  }

  #find(id: ExecId, message: Process | undefined): Tracked {
    const newest = this.#byPid.get(id.pid);
    let known = newest;
    while (known !== undefined && known.firstAt > id.at) known = known.older;
    if (known !== undefined && !isAnother(known, id, message)) return known;
    return this.#add(id, newest, known);
  }

  /** @param before who had the pid before it */
  #add(id: ExecId, newest: Tracked | undefined, before: Tracked | undefined): Tracked {
    const start = this.#startOf(id, before);
    for (let known = newest; known !== undefined; known = known.older) {
      // Known already, by something later that it did.
      if (known.ref.start !== start) continue;
      known.firstAt = Math.min(known.firstAt, id.at);
      return known;
    }
    const added: Tracked = {
      ref: { pid: id.pid, start },
      firstAt: id.at,
      executedAt: undefined,
      toldAt: undefined,
      id: { bytes: nothing, cgroup: 0 },
      exe: undefined,
      next: undefined,
      exitedAt: undefined,
      older: before,
    };
    let above: Tracked | undefined;
    for (let known = newest; known !== before; known = known?.older) above = known;
    if (above !== undefined) above.older = added;
    else this.#seat(added);
    return added;
  }

  #startOf({ pid, at }: ExecId, before: Tracked | undefined): number {
    const ticks = this.#view.startTicks(pid);
    if (ticks === undefined) return at;
    const start = ticks * tickUs;
    // Later than what it did: by now somebody else has the pid. Not later than its predecessor: that one still lives.
    const isIts = start <= at + 2 * tickUs && (before === undefined || start > before.ref.start);
    return isIts ? start : at;
  }

  #seat(added: Tracked): void {
    const { pid } = added.ref;
    // Last in the order of the map: forgotten last.
    this.#byPid.delete(pid);
    if (this.#byPid.size >= maxPids) this.#forget();
    this.#byPid.set(pid, added);
    let last: Tracked | undefined = added;
    for (let i = 0; i < maxOlder && last !== undefined; i++) last = last.older;
    if (last !== undefined) last.older = undefined;
  }

  #forget(): void {
    for (const [pid, { exitedAt }] of this.#byPid) if (exitedAt !== undefined) this.#byPid.delete(pid);
    if (this.#byPid.size < maxPids) return;
    for (const pid of this.#byPid.keys()) {
      this.#byPid.delete(pid);
      this.#forgotten += 1;
      return;
    }
  }
}

/** Whether an execution at that time is of another process than the one that had the pid until then. */
function isAnother(known: Tracked, { at }: ExecId, message: Process | undefined): boolean {
  if (known.exitedAt !== undefined) return at > known.exitedAt;
  if (message === undefined || at === known.firstAt) return false;
  const flags = message.flags ?? '';
  if (!/\bclone\b/.test(flags)) return false;
  // Its fork, or the first that it executed, is told once in a process's life: its end was lost.
  if (!/\bexecve(?:at)?\b/.test(flags)) return at > known.firstAt;
  return known.executedAt !== undefined && at > known.executedAt;
}

const nothing = new Uint8Array();
