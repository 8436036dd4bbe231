import { compareText } from './program.ts';
import type { LearnedEntry, LearningHistory } from './readiness.ts';

/** Novelties of one instance and program within this time would have been one incident (DESIGN §2.6). */
const togetherUs = 2_000_000;
const dayUs = 86_400_000_000;

/** What would have happened, had the baseline been frozen earlier. */
export interface Cut {
  readonly share: '½' | '¾' | '⅞';
  /** Incidents it would have raised since. */
  readonly incidents: number;
  /** The same, scaled to one container and one day. */
  readonly perContainerDay: number;
  /** Executable of the program that showed the latest novelty. */
  readonly latest?: string;
}

const cuts = [
  ['½', 1 / 2],
  ['¾', 3 / 4],
  ['⅞', 7 / 8],
] as const;

/** Replays the learning: everything first seen after the cut would have been drift. */
export function forecast(h: LearningHistory): Cut[] {
  const elapsed = Math.max(1, h.now - h.startedAt);
  const containers = Math.max(1, new Set(h.instances).size);
  return cuts.map(([share, part]): Cut => {
    const from = h.startedAt + elapsed * part;
    const after = h.entries.filter((e) => e.firstSeen > from);
    const incidents = countIncidents(after);
    const containerDays = ((elapsed * (1 - part)) / dayUs) * containers;
    const latest = after.toSorted((a, b) => a.firstSeen - b.firstSeen).at(-1);
    return {
      share,
      incidents,
      perContainerDay: incidents / containerDays,
      ...(latest === undefined ? {} : { latest: latest.program.slice(latest.program.lastIndexOf('|') + 1) }),
    };
  });
}

/** A chain of novelties of one program on one instance counts once, as long as each follows the one before closely. */
function countIncidents(entries: readonly LearnedEntry[]): number {
  const sorted = entries.toSorted(
    (a, b) =>
      compareText(a.containerId, b.containerId) ||
      compareText(a.program, b.program) ||
      a.firstSeen - b.firstSeen,
  );
  return sorted.filter((e, i) => {
    const before = sorted[i - 1];
    return (
      before === undefined ||
      before.containerId !== e.containerId ||
      before.program !== e.program ||
      e.firstSeen - before.firstSeen > togetherUs
    );
  }).length;
}
