import type Sqlite from 'better-sqlite3';
import { parseTime } from '../../../fingerprint/time.ts';
import { gapOf, incidentOf, isGap, tellingOf } from '../../fakes/made-up-load.ts';

/** Something that was stopped, as the agent's process printed it before it told anybody. */
export interface DoneLine {
  readonly node: string;
  readonly order: string;
  readonly orderNode: string;
  readonly action: string;
  readonly incident: string;
  readonly target: string;
  /** µs of the agent's clock. */
  readonly at: number;
  readonly expires: string;
}

interface Handful {
  readonly run: string;
  readonly n: number;
  readonly seqs: readonly (number | null)[];
}

interface Range {
  readonly stored: number;
  readonly acked: number;
}

export interface Tally {
  readonly node: string;
  readonly promised: number;
  /** Of the promised: those that lie in the database; those that a restore took; those a flood had only counted. */
  readonly found: number;
  readonly lost: number;
  readonly folded: number;
  /** Neither: must be empty. */
  readonly unexplained: readonly string[];
}

/** What agents promised and did, to be held against the database of the collector when all is over. */
export class ChaosBook {
  readonly done: DoneLine[] = [];
  floodsTold = 0;
  restoredTold = 0;
  dropped = 0;
  /** Of `done`: those before the restore. */
  doneBefore = 0;
  readonly #promised = new Map<string, Handful[]>();
  readonly #lost = new Map<string, Map<string, Range>>();
  readonly #ids = new Map<string, string>();

  heardFromAgents(line: Record<string, unknown>): void {
    const { promised, lost, done, agent, node, dropped } = line as {
      promised?: Handful & { node: string };
      lost?: Range & { node: string };
      done?: DoneLine;
      agent?: string;
      node?: string;
      dropped?: number;
    };
    if (promised !== undefined) this.#of(promised.node).push(promised);
    if (lost !== undefined) {
      const ranges = this.#lost.get(lost.node) ?? new Map<string, Range>();
      // An agent that is killed before it has written down whom it met is told the same once more.
      ranges.set(`${lost.stored} ${lost.acked}`, lost);
      this.#lost.set(lost.node, ranges);
    }
    if (done !== undefined) this.done.push(done);
    if (agent !== undefined && node !== undefined) this.#ids.set(node, agent);
    this.dropped += dropped ?? 0;
  }

  heardFromCollector(line: Record<string, unknown>): void {
    if (line.type !== 'node-incident') return;
    if (line.state !== 'opened') return;
    if (line.kind === 'restored') this.restoredTold += 1;
    if (line.kind === 'flood') this.floodsTold += 1;
  }

  restored(): void {
    this.doneBefore = this.done.length;
  }

  agentOf(node: string): string {
    return this.#ids.get(node) ?? '';
  }

  /** What agents were told that a collector lacks, each loss once. */
  lossesOf(node: string): readonly Range[] {
    return [...(this.#lost.get(node)?.values() ?? [])];
  }

  highest(node: string): number {
    return this.#of(node).reduce((most, { seqs }) => Math.max(most, ...seqs.map(Number)), 0);
  }

  /** Each promised record of a node is looked for. @param folded how many of its incidents a flood may have taken */
  tally(node: string, db: Sqlite.Database, folded: number): Tally {
    const agent = this.agentOf(node);
    const gaps = new Map(
      db.prepare<[string], [number, string]>('SELECT seq, reason FROM gaps WHERE agent = ?').raw().all(agent),
    );
    const told = new Map(
      db
        .prepare<[string], [string, number]>(
          "SELECT id, json_extract(report, '$.incident.more') FROM occurrences WHERE agent = ?",
        )
        .raw()
        .all(agent),
    );
    const ranges = this.lossesOf(node);
    const isLost = (seq: number): boolean => ranges.some(({ stored, acked }) => seq > stored && seq <= acked);
    const counts = { promised: 0, found: 0, lost: 0, folded: 0 };
    const unexplained: string[] = [];
    for (const { run, n: first, seqs } of this.#of(node)) {
      for (const [i, seq] of seqs.entries()) {
        const n = first + i;
        if (seq === null) continue;
        counts.promised += 1;
        const isThere = isGap(n)
          ? gaps.get(seq) === gapOf(run, n)
          : (told.get(incidentOf(run, n)) ?? 0) >= tellingOf(n);
        if (isThere && !(isGap(n) && isLost(seq))) counts.found += 1;
        else if (isLost(seq)) counts.lost += 1;
        else if (!isGap(n) && folded > 0) counts.folded += 1;
        else unexplained.push(`${node} ${seq} ${run}-${n}`);
      }
    }
    return { node, ...counts, unexplained };
  }

  #of(node: string): Handful[] {
    const known = this.#promised.get(node) ?? [];
    this.#promised.set(node, known);
    return known;
  }
}

/** The most kills of different causes that happened within so long. */
export function mostWithin(windowMs: number, done: readonly DoneLine[]): number {
  const kills = done.filter(({ action }) => action.startsWith('kill')).toSorted((a, b) => a.at - b.at);
  return kills.reduce((most, { at }) => {
    const within = kills.filter((k) => k.at > at - windowMs * 1000 && k.at <= at);
    return Math.max(most, new Set(within.map((k) => k.incident)).size);
  }, 0);
}

/** µs that it was done after its order had ended; negative while that was valid. */
export function lateUs({ at, expires }: DoneLine): number {
  return at - (parseTime(expires) ?? 0);
}
