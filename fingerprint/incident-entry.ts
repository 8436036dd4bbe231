import type { Behaviour } from './behaviour.ts';
import type { Act } from './behaviour-json.ts';
import { subjectText } from './drift.ts';
import type { Origin, ProcessRef } from './event.ts';
import { type Approval, type Drift, type Incident, maxDrifts, type Severity } from './incident.ts';
import { printable } from './printable.ts';
import { incidentSentence, type Told } from './sentence.ts';
import { actOf, compareGravity, maxSeverity, severityOf } from './severity.ts';
import type { Verdict } from './verdict.ts';
import type { Instance, Workload } from './workload.ts';

/** One drifting behaviour as the watcher saw it. */
export interface Observed {
  readonly workload: Workload;
  readonly instance: Instance;
  readonly behaviour: Behaviour;
  readonly verdict: Extract<Verdict, { kind: 'drift' }>;
  readonly process: ProcessRef;
  /** Topmost process outside the fingerprint, or the drifting process itself. */
  readonly culprit: ProcessRef;
  /** µs since the Unix epoch. */
  readonly time: number;
  readonly origin?: Origin;
  readonly sha256?: string;
  readonly found?: true;
  /** Who entered from outside, where known. */
  readonly caller?: string;
  readonly approval?: Approval;
  /** No person approved the fingerprint it was judged by. */
  readonly provisional?: boolean;
}

interface Row {
  readonly observed: Observed;
  readonly act: ReturnType<typeof actOf>;
  drift: Drift;
}

/** An incident while it is open. */
export interface Entry {
  readonly id: string;
  /** Node, instance and workload in one text. */
  readonly scope: string;
  /** Keys of the processes at the top of what drifted, the latest last. */
  readonly culprits: Set<string>;
  readonly workload: Workload;
  readonly instance: Instance;
  readonly rows: Map<string, Row>;
  /** Observations that have no row. */
  more: number;
  /** When its latest process came in; `last` also counts what those that are in it go on doing. */
  began: number;
  first: number;
  last: number;
  culprit: ProcessRef;
  /** Of the culprit: 0 a known program, 1 what a person started from outside, 2 foreign code. It only grows. */
  rank: number;
  acted: boolean;
  approval: Approval | undefined;
}

export function originOf(o: Observed): { origin?: Origin; sha256?: string } {
  const origin = o.origin ?? ('origin' in o.behaviour ? o.behaviour.origin : undefined);
  return {
    ...(origin === undefined ? {} : { origin }),
    ...(o.sha256 === undefined ? {} : { sha256: o.sha256 }),
  };
}

export function sameProcess(a: ProcessRef, b: ProcessRef): boolean {
  return a.pid === b.pid && a.start === b.start;
}

/**
 * Counts the observation in its row, makes one, or counts it in `more`. A full page gives way only to something graver,
 * so a flood of trivial files cannot wash out a secret that was read.
 * @returns whether there is something new to see.
 */
export function record(entry: Entry, o: Observed, key: string): boolean {
  const known = entry.rows.get(key);
  if (known !== undefined) {
    const { drift } = known;
    known.drift = {
      ...drift,
      count: drift.count + 1,
      first: Math.min(drift.first, o.time),
      last: Math.max(drift.last, o.time),
    };
    return false;
  }
  const row: Row = { observed: o, act: actOf(o.behaviour), drift: makeDrift(o, key) };
  if (entry.rows.size >= maxDrifts) {
    const last = sortedRows(entry).at(-1);
    if (last === undefined || compareRows(row, last) >= 0) {
      entry.more++;
      return false;
    }
    entry.rows.delete(last.drift.key);
    entry.more += last.drift.count;
  }
  entry.rows.set(key, row);
  return true;
}

function makeDrift(o: Observed, key: string): Drift {
  const { behaviour: b, verdict, time, process } = o;
  return {
    root: b.root,
    lineage: b.lineage,
    key,
    kind: b.kind,
    because: verdict.because,
    subject: printable(subjectText(b), 512),
    ...keptAct(b),
    ...originOf(o),
    ...(verdict.nearest === undefined ? {} : { nearest: printable(verdict.nearest) }),
    severity: severityOf(b, verdict.because, o.provisional === true),
    count: 1,
    first: time,
    last: time,
    process,
    ...(o.found === true ? { found: true } : {}),
    ...(o.caller === undefined ? {} : { caller: printable(o.caller, 256) }),
  };
}

/** 32 rows of it must not make an incident that travels and is stored many times as large as what is read of it. */
const maxActLength = 1024;

function keptAct({ root: _root, lineage: _lineage, ...act }: Behaviour): { act?: Act } {
  return JSON.stringify(act).length > maxActLength ? {} : { act };
}

function sortedRows(entry: Entry): Row[] {
  return [...entry.rows.values()].sort(compareRows);
}

function compareRows(a: Row, b: Row): number {
  return compareGravity({ ...a.drift, act: a.act }, { ...b.drift, act: b.act });
}

export function snapshot(entry: Entry): Incident {
  const rows = sortedRows(entry);
  const severity: Severity = entry.acted ? 'critical' : maxSeverity(rows.map((r) => r.drift.severity));
  return {
    id: entry.id,
    workload: entry.workload,
    instance: entry.instance,
    severity,
    kinds: [...new Set(rows.map((r) => r.drift.kind))],
    sentence: sentenceOf(entry, rows),
    drifts: rows.map((r) => r.drift),
    more: entry.more,
    first: entry.first,
    last: entry.last,
    culprit: entry.culprit,
    ...(entry.approval === undefined ? {} : { approval: entry.approval }),
  };
}

/** The sentence begins where it began: with the start of the culprit's program, else with the gravest drift. */
function sentenceOf(entry: Entry, rows: readonly Row[]): string {
  const starts = rows.filter(
    (r) => r.drift.kind === 'exec' && sameProcess(r.drift.process, r.observed.culprit),
  );
  const opening = starts.toSorted((a, b) => a.drift.first - b.drift.first)[0] ?? rows[0];
  if (opening === undefined) return '';
  const told = (r: Row): Told => ({ behaviour: r.observed.behaviour, ...r.drift });
  const others = rows.filter((r) => r !== opening).map(told);
  return incidentSentence(entry.workload, told(opening), others, entry.approval);
}
