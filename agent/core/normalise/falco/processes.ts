import type { ProcessRef } from '../../../../fingerprint/event.ts';
import { type FalcoRecord, microsOf, numberOf } from './record.ts';

/** What the normaliser keeps of a process. */
export interface Known {
  readonly ref: ProcessRef;
  /** Its birth or its first act was told. */
  met: boolean;
  /** It executed inside its container, or descends from one that did. */
  inside: boolean;
}

/**
 * Which process an alert is about. Falco writes the start of the *thread* that acted, and of the parent's thread that
 * forked; the process began with its main thread, which other alerts tell of.
 */
export class FalcoProcesses {
  /** pid → starts of main threads, ascending. */
  readonly #starts = new Map<number, number[]>();
  /** pid → earliest start any alert mentioned, for those whose main thread never shows. */
  readonly #earliest = new Map<number, number>();
  readonly #known = new Map<string, Known>();
  /** Key of a process whose birth is not in the recording → an alert of its own, of the main thread if there is one. */
  readonly #records = new Map<string, FalcoRecord>();

  ahead(record: FalcoRecord): void {
    const pid = numberOf(record, 'pid') ?? 0;
    const start = microsOf(record, 'start') ?? 0;
    const isMain = numberOf(record, 'thread') === pid;
    this.#mention(pid, start);
    if (isMain) this.#begin(pid, start);
    const parentStart = microsOf(record, 'parentStart');
    if (parentStart !== undefined) this.#mention(numberOf(record, 'parentPid') ?? 0, parentStart);
    const key = isMain ? `${pid}:${start}` : `${pid}`;
    if (!this.#records.has(key)) this.#records.set(key, record);
  }

  /** The process that acted. */
  of(record: FalcoRecord): Known {
    return this.get(this.#resolve(numberOf(record, 'pid') ?? 0, microsOf(record, 'start') ?? 0));
  }

  get(ref: ProcessRef): Known {
    const key = `${ref.pid}:${ref.start}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const fresh = { ref, met: false, inside: false };
    this.#known.set(key, fresh);
    return fresh;
  }

  parentOf(record: FalcoRecord): ProcessRef | undefined {
    const pid = numberOf(record, 'parentPid');
    const start = microsOf(record, 'parentStart');
    return pid === undefined || start === undefined ? undefined : this.#resolve(pid, start);
  }

  /** An alert of the process itself, for what it says of its program. */
  recordOf({ ref }: Known): FalcoRecord | undefined {
    return this.#records.get(`${ref.pid}:${ref.start}`) ?? this.#records.get(`${ref.pid}`);
  }

  #begin(pid: number, start: number): void {
    const starts = this.#starts.get(pid);
    if (starts === undefined) this.#starts.set(pid, [start]);
    else if (!starts.includes(start))
      this.#starts.set(
        pid,
        [...starts, start].sort((a, b) => a - b),
      );
  }

  #mention(pid: number, start: number): void {
    this.#earliest.set(pid, Math.min(start, this.#earliest.get(pid) ?? start));
  }

  #resolve(pid: number, threadStart: number): ProcessRef {
    const began = this.#starts.get(pid)?.findLast((start) => start <= threadStart);
    return { pid, start: began ?? this.#earliest.get(pid) ?? threadStart };
  }
}
