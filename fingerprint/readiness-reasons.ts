import { fullCoverage } from './coverage.ts';
import { duration, figure, plural } from './figures.ts';
import { dayUs } from './forecast.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import type { LearnedEntry, LearningHistory } from './learning-history.ts';
import type { Phase } from './phase.ts';
import { printable } from './printable.ts';
import type { Thresholds } from './readiness.ts';
import { elapsedOf, inTime, type Reason } from './reason.ts';
import { currentRules } from './rules.ts';

/** Names in one sentence; the rest is a number. */
const maxNamed = 3;
/** Characters of a command line: enough to know it by. */
const maxShown = 120;

export function elapsedReason(h: LearningHistory, t: Thresholds): Reason {
  const id = 'elapsed';
  const time = elapsedOf(h);
  const known = `${plural(h.entries.length, 'behaviour')} learned in ${duration(time)}`;
  if (h.entries.length === 0)
    return { id, ok: false, sentence: 'nothing was learned yet; does the workload run?' };
  const alone = isAlone(h, t);
  const wanted = alone ? Math.max(t.minElapsed, t.minElapsedAlone) : t.minElapsed;
  if (time >= wanted) return { id, ok: true, sentence: known };
  const because = wanted > t.minElapsed ? ', because no two copies ever ran at once' : '';
  const bar = Number.isFinite(wanted)
    ? `at least ${duration(wanted)} are wanted${because}`
    : 'another copy is wanted';
  return { id, ok: false, sentence: `${known}; ${bar}`, ...inTime(wanted - time) };
}

/** Good and Turing: of what only one of m copies has shown, the next one will show about as much again. */
export function instancesReason(h: LearningHistory, t: Thresholds, phase: Phase): Reason {
  const m = h.copies.filter((c) => (phase === 'start' ? c.fromStart : c.steady)).length;
  const once = novel(h).filter((e) => e.phase === phase && e.copies <= 1).length;
  const seen =
    phase === 'start'
      ? `${plural(m, 'start')} seen`
      : `${plural(m, 'independent copy', 'independent copies')} seen`;
  const about = { id: 'instances', phase } as const;
  if (
    phase === 'steady' &&
    m > 0 &&
    m < t.minInstances &&
    isAlone(h, t) &&
    Number.isFinite(t.minElapsedAlone)
  )
    return {
      ...about,
      ok: true,
      sentence: `${seen}, never two at once: what another copy would do is not known, so it stays at alert until a person approves it`,
    };
  if (m < t.minInstances) {
    const more = t.minInstances - m;
    const copies = plural(more, 'more copy', 'more copies');
    return {
      ...about,
      ok: false,
      sentence: `${seen}, ${t.minInstances} are wanted; ${phase === 'start' ? `restart or start ${copies}` : `start ${copies}`}, or approve it by hand`,
    };
  }
  const expected = once / m;
  const q1 = `${plural(once, 'behaviour')} seen in only one, so about ${figure(expected)} new ones are to be expected at the next ${phase === 'start' ? 'start' : 'copy'}`;
  const ok = expected <= t.maxUnseenPerStart;
  return {
    ...about,
    ok,
    sentence: ok
      ? `${seen}; ${q1}`
      : `${seen}; ${q1} (at most ${figure(t.maxUnseenPerStart)} is allowed); more copies or restarts would show whether they recur`,
  };
}

/** How long nothing new came; what is scheduled comes when it comes, and is named. */
export function horizonReason(h: LearningHistory, t: Thresholds): Reason {
  const last = novel(h)
    .filter((e) => e.phase === 'steady')
    .reduce((max, e) => Math.max(max, e.firstSeen), h.startedAt);
  const quiet = Math.max(0, h.now - last);
  // Rule of three: no event in H bounds the rate by 3/H with 95 % confidence.
  const bound = quiet === 0 ? Number.POSITIVE_INFINITY : (3 * dayUs) / quiet;
  const ok = quiet >= t.minQuiet;
  const said = `nothing new for ${duration(quiet)}`;
  return {
    id: 'horizon',
    phase: 'steady',
    ok,
    sentence: ok
      ? `${said}: with 95 % confidence fewer than ${figure(bound)} unscheduled novelties a day are to come; ${scheduled(h)}`
      : `${said}, ${duration(t.minQuiet)} are wanted; ${scheduled(h)}`,
    ...(ok ? {} : inTime(t.minQuiet - quiet)),
  };
}

function scheduled({ schedules }: LearningHistory): string {
  const unseen = schedules.filter((s) => !s.seen);
  if (unseen.length === 0)
    return schedules.length === 0
      ? 'what runs rarer, such as a monthly job, is not covered'
      : `all ${plural(schedules.length, 'job')} of its crontabs were seen`;
  const named = unseen
    .slice(0, maxNamed)
    .map((s) => `\`${printable(s.command, maxShown)}\` (${printable(s.timing, maxShown)})`);
  const more = unseen.length > maxNamed ? ` and ${unseen.length - maxNamed} more` : '';
  return `scheduled and not seen yet: ${named.join(', ')}${more}`;
}

export function lossReason({ lost }: LearningHistory): Reason {
  return lost === 0
    ? { id: 'loss', ok: true, sentence: 'no event was lost' }
    : {
        id: 'loss',
        ok: false,
        sentence: `${plural(lost, 'event was', 'events were')} lost, so something may have been missed; learn again or approve it by hand`,
      };
}

/** Entries that were not taken over from the digest before. */
function novel(h: LearningHistory): readonly LearnedEntry[] {
  if (h.inherited === undefined) return h.entries;
  const index = indexBehaviour({ coverage: fullCoverage, behaviour: h.inherited, rules: currentRules });
  return h.entries.filter((e) => judge(e.behaviour, index).kind !== 'expected');
}

/** No two copies ever ran at once, so that there is nothing to compare with but time. */
function isAlone({ copies }: LearningHistory, t: Thresholds): boolean {
  if (copies.length >= t.minInstances) return false;
  const sorted = copies.toSorted((a, b) => a.since - b.since);
  return sorted.every((c, i) => (sorted[i - 1]?.until ?? 0) <= c.since);
}
