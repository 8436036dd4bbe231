import { forecast } from './forecast.ts';
import { baseName } from './program.ts';

/** One thing the baseline knows, and who saw it when. */
export interface LearnedEntry {
  /** behaviourIdentity of the entry. */
  readonly identity: string;
  /** `root|parent|exe` of the program it belongs to. */
  readonly program: string;
  /** µs since the Unix epoch. */
  readonly firstSeen: number;
  /** How many distinct instances showed it. */
  readonly instances: number;
  /** Instance that showed it first. */
  readonly containerId: string;
}

/** What is known of the learning of one workload. Times in µs since the Unix epoch. */
export interface LearningHistory {
  readonly startedAt: number;
  readonly now: number;
  /** Events lost meanwhile without explanation. */
  readonly lost: number;
  /** Distinct instances that were watched from their start. */
  readonly instances: readonly string[];
  readonly entries: readonly LearnedEntry[];
}

/** The gates of DESIGN §5. */
export interface Thresholds {
  /** Printed with the answer, so that nobody takes a demonstration for evidence. */
  readonly name: 'default' | 'demo';
  /** Wall time of learning, µs. */
  readonly minElapsed: number;
  readonly minInstances: number;
  /** Expected new behaviours at the next start: Q1/m. */
  readonly maxUnseenPerStart: number;
  /** Expected incidents per container and day after freezing. */
  readonly maxIncidentsPerContainerDay: number;
  /** Wall time since the last novelty, µs. */
  readonly minQuiet: number;
}

const second = 1_000_000;
const hour = 3600 * second;
const dayUs = 24 * hour;

export const defaultThresholds: Thresholds = {
  name: 'default',
  minElapsed: 24 * hour,
  minInstances: 3,
  maxUnseenPerStart: 0.1,
  maxIncidentsPerContainerDay: 0.05,
  minQuiet: 6 * hour,
};

/** Seconds instead of hours: they show that the code works, not that the workload is known. */
export const demoThresholds: Thresholds = {
  name: 'demo',
  minElapsed: 8 * second,
  minInstances: 2,
  maxUnseenPerStart: 0.5,
  maxIncidentsPerContainerDay: 0.05,
  minQuiet: 3 * second,
};

export interface Reason {
  readonly id: 'elapsed' | 'forecast' | 'instances' | 'horizon' | 'loss';
  readonly ok: boolean;
  /** For a person: the number, the bar, and what would help when it is not reached. */
  readonly sentence: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly Reason[];
}

/**
 * Whether what was learned can be trusted to be nearly all there is, with its reasons. Evidence, not a clock: replayed
 * forecasts, independent instances, quiet time, no unexplained loss (DESIGN §5 a, b, c, e).
 */
export function readiness(h: LearningHistory, t: Thresholds): Readiness {
  const reasons = [elapsed(h, t), forecastReason(h, t), instancesReason(h, t), horizon(h, t), loss(h)];
  return { ready: reasons.every((r) => r.ok), reasons };
}

function elapsed(h: LearningHistory, t: Thresholds): Reason {
  const time = Math.max(0, h.now - h.startedAt);
  const known = `${plural(h.entries.length, 'behaviour')} learned in ${duration(time)}`;
  if (h.entries.length === 0)
    return { id: 'elapsed', ok: false, sentence: 'nothing was learned yet; does the workload run?' };
  return time >= t.minElapsed
    ? { id: 'elapsed', ok: true, sentence: known }
    : { id: 'elapsed', ok: false, sentence: `${known}; at least ${duration(t.minElapsed)} are wanted` };
}

function forecastReason(h: LearningHistory, t: Thresholds): Reason {
  const f = forecast(h);
  const worst = Math.max(...f.map((cut) => cut.perContainerDay));
  const shown = f.map((cut) => `${cut.share} ${plural(cut.incidents, 'incident')}`).join(', ');
  const rate = `${figure(worst)} per container and day`;
  const ok = worst <= t.maxIncidentsPerContainerDay;
  const last = f.at(-1)?.latest;
  const missing = last === undefined ? '' : `; the latest was by \`${baseName(last)}\``;
  return {
    id: 'forecast',
    ok,
    sentence: ok
      ? `had it been fixed after ½, ¾ or ⅞ of the time, it would have raised no more than ${rate} since (${shown})`
      : `had it been fixed earlier, it would have raised up to ${rate} (${shown}; at most ${figure(t.maxIncidentsPerContainerDay)} is allowed)${missing}`,
  };
}

function instancesReason(h: LearningHistory, t: Thresholds): Reason {
  const m = new Set(h.instances).size;
  const once = h.entries.filter((e) => e.instances <= 1).length;
  const expected = m === 0 ? Number.POSITIVE_INFINITY : once / m;
  const seen = `${plural(m, 'independent instance')} seen`;
  if (m < t.minInstances) {
    const more = t.minInstances - m;
    return {
      id: 'instances',
      ok: false,
      sentence: `${seen}, ${t.minInstances} are wanted; start or restart ${plural(more, 'more copy', 'more copies')}, or approve it by hand`,
    };
  }
  const q1 = `${plural(once, 'behaviour')} seen in only one, so about ${figure(expected)} new ones are to be expected at the next start`;
  const ok = expected <= t.maxUnseenPerStart;
  return {
    id: 'instances',
    ok,
    sentence: ok
      ? `${seen}; ${q1}`
      : `${seen}; ${q1} (at most ${figure(t.maxUnseenPerStart)} is allowed); more copies or restarts would show whether they recur`,
  };
}

function horizon(h: LearningHistory, t: Thresholds): Reason {
  const last = h.entries.reduce((max, e) => Math.max(max, e.firstSeen), h.startedAt);
  const quiet = Math.max(0, h.now - last);
  // Rule of three: no event in H bounds the rate by 3/H with 95 % confidence.
  const bound = quiet === 0 ? Number.POSITIVE_INFINITY : (3 * dayUs) / quiet;
  const ok = quiet >= t.minQuiet;
  const said = `nothing new for ${duration(quiet)}`;
  return {
    id: 'horizon',
    ok,
    sentence: ok
      ? `${said}: with 95 % confidence fewer than ${figure(bound)} unscheduled novelties a day are to come; what runs rarer, such as a monthly job, is not covered`
      : `${said}, ${duration(t.minQuiet)} are wanted`,
  };
}

function loss(h: LearningHistory): Reason {
  return h.lost === 0
    ? { id: 'loss', ok: true, sentence: 'no event was lost' }
    : {
        id: 'loss',
        ok: false,
        sentence: `${plural(h.lost, 'event was', 'events were')} lost, so something may have been missed; learn again or approve it by hand`,
      };
}

function plural(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

function figure(n: number): string {
  if (!Number.isFinite(n)) return 'an unbounded number';
  return n >= 100 || n === Math.round(n) ? String(Math.round(n)) : String(Number(n.toPrecision(2)));
}

function duration(us: number): string {
  if (us < 120 * second) return `${figure(us / second)} s`;
  if (us < 2 * hour) return `${Math.round(us / (60 * second))} min`;
  return us < 2 * dayUs ? `${figure(us / hour)} h` : `${figure(us / dayUs)} d`;
}
