import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyOf } from '../collector/core/history.ts';
import { dayUs, forecast } from '../fingerprint/forecast.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { LearningHistory } from '../fingerprint/learning-history.ts';
import type { Phase } from '../fingerprint/phase.ts';
import { defaultThresholds, readiness } from '../fingerprint/readiness.ts';
import { isRecorded, judgedBy, learned, type Recorded, recorded, watched } from '../test/corpus/replay.ts';
import { LearningReplay } from './forecast/learning-replay.ts';
import { tenfold } from './forecast/tenfold.ts';
import type { BenchOptions, BenchResult, Figure } from './result.ts';

const daemons = ['nginx', 'redis', 'postgres', 'node', 'python', 'java', 'cron'] as const;
/** Learned in two places, one after the other; judged in the third. */
const places = ['a', 'b', 'c'] as const;

interface Outcome {
  readonly daemon: string;
  readonly phase: Phase;
  /** Incidents per container-day, or per start. */
  readonly foretold: number;
  readonly bound: number;
  readonly held: number;
  readonly incidents: number;
}

/**
 * What readiness forecasts of a daemon against what happens where it was not learned; and that ten times the traffic
 * makes nothing ready earlier.
 */
export async function run(_options: BenchOptions): Promise<BenchResult> {
  const missing = daemons.filter((d) => !places.every((p) => isRecorded(d, p)));
  for (const daemon of missing)
    console.log(`skipped ${daemon}: bpf-fixtures/corpus/${daemon} is not complete`);
  const directory = await mkdtemp(join(tmpdir(), 'whorl-forecast-'));
  try {
    const outcomes: Outcome[] = [];
    for (const daemon of daemons.filter((d) => !missing.includes(d)))
      outcomes.push(...(await outcomesOf(daemon, directory)));
    return resultOf(outcomes);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function outcomesOf(daemon: string, directory: string): Promise<Outcome[]> {
  const [first, second, third] = places.map((place) => recorded(daemon, place));
  if (first === undefined || second === undefined || third === undefined) return [];
  const history = await historyFrom([first, second], join(directory, `${daemon}.db`));
  await assertTrafficIsNoEvidence([first, second], history, join(directory, `${daemon}-tenfold.db`));
  const { incidents } = judgedBy(learned(first, second), third);
  const lives = await historyFrom([third], join(directory, `${daemon}-held.db`));
  const startUps = startUpsOf(third);
  const isStart = ({ first, instance }: Incident): boolean =>
    startUps.some((s) => s.instance === instance.id && s.since <= first && first <= s.until);
  return (['start', 'steady'] as const).map((phase) => {
    const [half] = forecast(history, phase);
    const those = incidents.filter((i) => isStart(i) === (phase === 'start'));
    return {
      daemon,
      phase,
      foretold: half?.rate ?? 0,
      bound: half?.bound ?? Number.POSITIVE_INFINITY,
      held: those.length / exposureOf(lives, phase),
      incidents: those.length,
    };
  });
}

async function historyFrom(recordings: readonly Recorded[], file: string): Promise<LearningHistory> {
  const replay = await LearningReplay.open(file);
  try {
    for (const recording of recordings) await replay.add(watched(recording).reports);
    const { workload, now } = await replay.end();
    return historyOf(workload, now);
  } finally {
    await replay.close();
  }
}

interface StartUp {
  readonly instance: string;
  readonly since: number;
  readonly until: number;
}

/** When copies were in their start-up: an id may start more than once. */
function startUpsOf(recording: Recorded): readonly StartUp[] {
  return watched(recording).reports.flatMap((r) => (r.type === 'support' && r.phase === 'start' ? [r] : []));
}

function exposureOf(h: LearningHistory, phase: Phase): number {
  if (phase === 'start') return h.copies.filter((c) => c.fromStart).length;
  return h.copies.reduce((sum, c) => sum + (c.until - c.since), 0) / dayUs;
}

/** @throws when any evidence is stronger after the same time under ten times the load */
async function assertTrafficIsNoEvidence(
  recordings: readonly Recorded[],
  once: LearningHistory,
  file: string,
): Promise<void> {
  const often = await historyFrom(recordings.map(tenfold), file);
  const [a, b] = [once, often].map((h) => readiness(h, defaultThresholds).reasons.map((r) => r.ok));
  const sooner = b?.some((ok, i) => ok && a?.[i] === false) === true;
  const tighter = (['start', 'steady'] as const).some((phase) =>
    forecast(often, phase).some((cut, i) => cut.bound < (forecast(once, phase)[i]?.bound ?? 0)),
  );
  if (sooner || tighter) throw new Error(`ten times the traffic made ${recordings[0]?.daemon} ready earlier`);
}

function resultOf(outcomes: readonly Outcome[]): BenchResult {
  const bounded = outcomes.filter((o) => Number.isFinite(o.bound));
  return {
    name: 'forecast',
    measures:
      'incidents where a daemon was not learned, as a share of the 95 % bound that its forecast gave (worst daemon and phase)',
    ratio: Math.max(0, ...bounded.map((o) => o.held / o.bound)),
    bar: { better: 'smaller', value: 1 },
    figures: outcomes.flatMap(figuresOf),
    notes: [
      'learned in two environments one after the other, judged in a third; a recording is a life in seconds, so that bounds per container-day are wide',
      `ten times the traffic in the same time: no evidence grew (${new Set(outcomes.map((o) => o.daemon)).size} daemons)`,
    ],
  };
}

function figuresOf({ daemon, phase, foretold, bound, held, incidents }: Outcome): Figure[] {
  const [what, unit] = phase === 'start' ? ['start-up', 'per start'] : ['daily work', 'per container-day'];
  const key = `${daemon}${phase === 'start' ? 'Start' : 'Steady'}`;
  return [
    { key: `${key}Forecast`, value: foretold, unit, label: `${daemon}, ${what}: forecast` },
    { key: `${key}Bound`, value: bound, unit, label: '  95 % bound' },
    { key: `${key}Held`, value: held, unit: `${unit} (${incidents} incidents)`, label: '  held out' },
  ];
}
