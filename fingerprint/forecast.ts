import type { Actor } from './behaviour.ts';
import { fullCoverage } from './coverage.ts';
import type { Observation } from './fingerprint.ts';
import { defaultBookLimits } from './incidents.ts';
import { type FingerprintIndex, indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import { learn } from './learn.ts';
import type { LearnedEntry, LearningHistory } from './learning-history.ts';
import { merge } from './merge.ts';
import type { Phase } from './phase.ts';
import { upperBound95 } from './poisson.ts';
import { compareText } from './program.ts';
import { isForeign } from './verdict.ts';

export const dayUs = 86_400_000_000;

/** What would have happened, had the baseline been frozen earlier. */
export interface Cut {
  readonly share: '½' | '¾' | '⅞';
  /** Incidents it would have raised since. */
  readonly incidents: number;
  /** Of these, those that a kill policy would have stopped something for (DESIGN §8). */
  readonly stops: number;
  /** What was watched since: container-days; for start-ups the number of starts. */
  readonly exposure: number;
  /** Incidents per exposure; 0 when nothing happened, however little was watched. */
  readonly rate: number;
  /** The rate that 95 % confidence does not exclude. */
  readonly bound: number;
  /** Executable of the program that showed the latest novelty. */
  readonly latest?: string;
  readonly latestAt?: number;
}

const shares = [
  ['½', 1 / 2],
  ['¾', 3 / 4],
  ['⅞', 7 / 8],
] as const;

/**
 * Replays the learning of one phase of life: the baseline is frozen as of an earlier moment, and what came after is
 * judged by it and rolled up as it would have been. Daily work is cut by time, start-ups by their number: how long a
 * copy that does not restart has run says nothing about the next start.
 */
export function forecast(h: LearningHistory, phase: Phase): Cut[] {
  return shares.map(([share, part]) => {
    const { isAfter, exposure } = phase === 'steady' ? cutOfTime(h, part) : cutOfStarts(h, part);
    const after = h.entries.filter((e) => e.phase === phase && isAfter(e));
    return { share, exposure, ...outcome(h, after, exposure) };
  });
}

interface Moment {
  /** Whether it was not known yet. */
  readonly isAfter: (e: LearnedEntry) => boolean;
  readonly exposure: number;
}

function cutOfTime(h: LearningHistory, part: number): Moment {
  const from = h.startedAt + Math.max(0, h.now - h.startedAt) * part;
  const watched = h.copies.reduce((sum, c) => sum + Math.max(0, c.until - Math.max(from, c.since)), 0);
  return { isAfter: (e) => e.firstSeen > from, exposure: watched / dayUs };
}

/** By who showed it, not by when: copies that start together are no later and no earlier than each other. */
function cutOfStarts(h: LearningHistory, part: number): Moment {
  const starts = h.copies.filter((c) => c.fromStart);
  starts.sort((a, b) => a.since - b.since || compareText(a.id, b.id));
  const later = new Set(starts.slice(Math.ceil(starts.length * part)).map((c) => c.id));
  return { isAfter: (e) => later.has(e.copy), exposure: later.size };
}

function outcome(
  h: LearningHistory,
  after: readonly LearnedEntry[],
  exposure: number,
): Omit<Cut, 'share' | 'exposure'> {
  // Nothing to judge is the rule once learning is done, and a baseline of thousands of entries costs to build.
  const incidents = after.length === 0 ? [] : rollUp(after, frozen(h, new Set(after)));
  const last = incidents
    .map((i) => i.latest)
    .toSorted((a, b) => a.firstSeen - b.firstSeen)
    .at(-1);
  return {
    incidents: incidents.length,
    stops: incidents.filter((i) => i.stops).length,
    rate: incidents.length === 0 ? 0 : incidents.length / exposure,
    bound: upperBound95(incidents.length) / exposure,
    ...(last === undefined ? {} : { latest: last.behaviour.lineage.at(-1) ?? '', latestAt: last.firstSeen }),
  };
}

const nowhere = { name: 'forecast', digest: `sha256:${'0'.repeat(64)}` };
const unobserved: Observation = {
  startedAt: '1970-01-01T00:00:00Z',
  finishedAt: '1970-01-01T00:00:00Z',
  source: 'forecast',
  events: 0,
  lost: 0,
  instances: [],
};

/** What would have judged: learned by the very code that learns, so that its patterns count too. */
function frozen(h: LearningHistory, after: ReadonlySet<LearnedEntry>): FingerprintIndex {
  const about = { coverage: fullCoverage, observation: unobserved };
  const known = h.entries.filter((e) => !after.has(e)).map((e) => e.behaviour);
  const learned = learn(nowhere, known, about);
  const { inherited } = h;
  return indexBehaviour(
    inherited === undefined ? learned : merge(learned, { ...learned, behaviour: inherited }),
  );
}

interface WouldBe {
  readonly copy: string;
  readonly outside: Set<string>;
  stops: boolean;
  latest: LearnedEntry;
}

/** As IncidentBook puts drifts together: below one foreign program, or begun together on one copy. */
function rollUp(after: readonly LearnedEntry[], index: FingerprintIndex): readonly WouldBe[] {
  const incidents: WouldBe[] = [];
  for (const entry of after.toSorted((a, b) => a.firstSeen - b.firstSeen)) {
    const verdict = judge(entry.behaviour, index);
    if (verdict.kind !== 'drift') continue;
    const outside = outsideOf(entry.behaviour, index);
    const known = incidents.findLast(
      (i) =>
        i.copy === entry.copy &&
        (entry.firstSeen - i.latest.firstSeen <= defaultBookLimits.togetherUs ||
          (outside !== undefined && i.outside.has(outside))),
    );
    const incident = known ?? {
      copy: entry.copy,
      outside: new Set(),
      stops: false,
      latest: entry,
    };
    if (known === undefined) incidents.push(incident);
    if (outside !== undefined) incident.outside.add(outside);
    incident.stops ||= isForeign(verdict.because);
    incident.latest = entry;
  }
  return incidents;
}

/** The topmost program of the lineage that nobody knew, as one string. */
function outsideOf({ root, lineage }: Actor, index: FingerprintIndex): string | undefined {
  const at = lineage.findIndex((exe, i) => {
    const nodes = index.programs.get(exe) ?? [];
    return !nodes.some((n) => n.root === root && n.parent === (lineage[i - 1] ?? ''));
  });
  return at < 0 ? undefined : [root, ...lineage.slice(0, at + 1)].join('\0');
}
