import { sha256Hex } from './digest.ts';
import { driftKey } from './drift.ts';
import type { ProcessRef } from './event.ts';
import type { Approval, Incident } from './incident.ts';
import { type Entry, type Observed, originOf, record, sameProcess, snapshot } from './incident-entry.ts';
import { isForeign } from './verdict.ts';
import { type Instance, workloadKey } from './workload.ts';

export interface BookLimits {
  /** Open incidents; beyond, the one that was quiet longest is closed. An incident keeps about 16 KB. */
  readonly maxOpen: number;
  /** A drift of one instance that begins within this many µs of another's beginning belongs to the same incident. */
  readonly togetherUs: number;
}

/**
 * What one act sets off (a pipe, a script that fetches, unpacks and starts) begins within some 50 ms in recordings, and
 * within a few 100 ms on a busy machine; two requests through the same hole came 1.4 s apart. Counted from the latest
 * beginning, so that a scan with a new process for each address stays one incident however long it takes.
 */
export const defaultBookLimits: BookLimits = { maxOpen: 1000, togetherUs: 1_000_000 };

/** Topmost processes remembered per incident: as many as one page of drifts could name, twice. */
const maxCulprits = 64;

/** Puts drifts together into incidents (DESIGN §2.6). Holds state, but neither clock nor chance. */
export class IncidentBook {
  readonly #limits: BookLimits;
  /** In the order of last change, oldest first. */
  readonly #open = new Map<string, Entry>();
  readonly #byCulprit = new Map<string, string>();
  #evicted = 0;

  constructor(limits: BookLimits = defaultBookLimits) {
    this.#limits = limits;
  }

  /** Incidents that were closed because too many were open. */
  get evicted(): number {
    return this.#evicted;
  }

  /** @returns the incident when a person should see something new; undefined when only counts grew. */
  add(o: Observed): Incident | undefined {
    const key = driftKey(o.workload, o.behaviour, originOf(o));
    const id = incidentId(o, key);
    const entry = this.#find(o, id) ?? this.#begin(o, id);
    const moved = move(entry, o, id);
    if (!entry.culprits.has(culpritKey(o.instance, o.culprit))) entry.began = Math.max(entry.began, o.time);
    this.#remember(entry, o);
    entry.first = Math.min(entry.first, o.time);
    entry.last = Math.max(entry.last, o.time);
    const judgedAnew = approve(entry, o.approval);
    const shown = record(entry, o, key);
    return shown || moved || judgedAnew ? snapshot(entry) : undefined;
  }

  get(id: string): Incident | undefined {
    const entry = this.#open.get(id);
    return entry === undefined ? undefined : snapshot(entry);
  }

  open(): Incident[] {
    return [...this.#open.values()].map(snapshot);
  }

  /** Whorl did something about it: critical from now on. */
  acted(id: string): Incident | undefined {
    const entry = this.#open.get(id);
    if (entry === undefined) return undefined;
    entry.acted = true;
    return snapshot(entry);
  }

  /** Forgets an incident; what happens later is another one. @returns its last state, with exact counts. */
  close(id: string): Incident | undefined {
    const entry = this.#open.get(id);
    if (entry === undefined) return undefined;
    this.#open.delete(id);
    for (const culprit of entry.culprits) this.#byCulprit.delete(culprit);
    return snapshot(entry);
  }

  /** Closes what has been quiet since before `time`. */
  closeQuiet(time: number): Incident[] {
    const quiet = [...this.#open.values()].filter((e) => e.last < time).map((e) => e.id);
    return quiet.map((id) => this.close(id)).filter((i) => i !== undefined);
  }

  #find(o: Observed, id: string): Entry | undefined {
    const byCulprit = this.#byCulprit.get(culpritKey(o.instance, o.culprit));
    const known = this.#open.get(byCulprit ?? '') ?? this.#open.get(id);
    if (known !== undefined) return known;
    const scope = scopeOf(o);
    const { togetherUs } = this.#limits;
    const together = (e: Entry): boolean =>
      e.scope === scope && o.time >= e.first - togetherUs && o.time <= e.began + togetherUs;
    return [...this.#open.values()].reverse().find(together);
  }

  #begin(o: Observed, id: string): Entry {
    if (this.#open.size >= this.#limits.maxOpen) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.close(oldest);
      this.#evicted++;
    }
    const { workload, instance, time, culprit } = o;
    return {
      id,
      scope: scopeOf(o),
      culprits: new Set(),
      workload,
      instance,
      rows: new Map(),
      more: 0,
      began: time,
      first: time,
      last: time,
      culprit,
      rank: 0,
      acted: false,
      approval: undefined,
    };
  }

  /** The latest last, in both orders; a program that is started over and over fills no memory. */
  #remember(entry: Entry, o: Observed): void {
    this.#open.delete(entry.id);
    this.#open.set(entry.id, entry);
    const key = culpritKey(o.instance, o.culprit);
    entry.culprits.delete(key);
    entry.culprits.add(key);
    this.#byCulprit.set(key, entry.id);
    const [oldest] = entry.culprits;
    if (entry.culprits.size <= maxCulprits || oldest === undefined) return;
    entry.culprits.delete(oldest);
    this.#byCulprit.delete(oldest);
  }
}

/**
 * Whom a stop is about. Foreign code goes before a known program: a service that drops a file and starts it must not be
 * killed for what it started. The latest foreign process goes before earlier ones, and so does the process that shows
 * the opening drift again: it is alive now, what came before may have been stopped already.
 * @returns whether the culprit is another one now.
 */
function move(entry: Entry, o: Observed, id: string): boolean {
  const rank = rankOf(o);
  const better = rank > entry.rank || (rank === entry.rank && (rank > 0 || entry.id === id));
  entry.rank = Math.max(entry.rank, rank);
  if (!better || sameProcess(entry.culprit, o.culprit)) return false;
  entry.culprit = o.culprit;
  return true;
}

/**
 * A person may approve, or take back, while what drifted goes on: what counts is the latest. What happens where nothing is
 * in force says nothing of it.
 * @returns whether something else may be done about it now.
 */
function approve(entry: Entry, given: Approval | undefined): boolean {
  const before = entry.approval;
  if (given === undefined || given === before) return false;
  entry.approval = given;
  return (
    before !== undefined &&
    (before.maxMode !== given.maxMode || before.neverLearnableMode !== given.neverLearnableMode)
  );
}

/** A person's own shell is seldom stopped: it must not stand before the intruder who came in beside it. */
function rankOf(o: Observed): number {
  if (!isForeign(o.verdict.because)) return 0;
  return o.behaviour.root === 'interactive' ? 1 : 2;
}

function scopeOf(o: Observed): string {
  return `${o.instance.node}\n${o.instance.id}\n${workloadKey(o.workload)}`;
}

function incidentId(o: Observed, key: string): string {
  const parts = [workloadKey(o.workload), o.instance.node, o.instance.id, key];
  return sha256Hex(new TextEncoder().encode(JSON.stringify(parts)));
}

function culpritKey(instance: Instance, p: ProcessRef): string {
  return `${instance.node}\n${instance.id}\n${p.pid}:${p.start}`;
}

export type { Observed } from './incident-entry.ts';
