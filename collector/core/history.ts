import type { ExerciseMode } from '../../fingerprint/fingerprint.ts';
import { inherit } from '../../fingerprint/inherit.ts';
import type {
  LearnedCopy,
  LearnedEntry,
  LearningHistory,
  Schedule,
} from '../../fingerprint/learning-history.ts';
import { startUs } from '../../fingerprint/phase.ts';
import { baseName } from '../../fingerprint/program.ts';
import { learnable } from '../../fingerprint/sensitive.ts';
import { type Beforehand, nothingBeforehand } from './baselines.ts';
import type { LearnedInstance, LearnedNovelty, LearnedWorkload } from './learned.ts';

/**
 * What readiness looks at (DESIGN §5). Never-learnable behaviours are left out: they enter no baseline, so they neither
 * complete learning nor hold it up; they alert from the first minute.
 * @param now µs since the Unix epoch
 */
export function historyOf(
  { workload, novelties, instances, schedules }: LearnedWorkload,
  now: number,
  { previous, exercises }: Beforehand = nothingBeforehand,
): LearningHistory {
  const seenBy = countInstances(instances);
  const starters = firstStarters(instances);
  const learned = novelties.filter((n) => learnable(n.behaviour));
  const entries = learned.map((n) => entryOf(n, seenBy.get(n.ordinal) ?? 1, starters.get(n.ordinal)));
  const startedAt = startOf(entries, instances, now);
  return {
    startedAt,
    now,
    lost: instances.reduce((sum, i) => sum + i.lost, 0),
    copies: instances.map((i) => copyOf(i, { startedAt, now })),
    entries,
    // Packages bring crontabs into images where nothing reads them.
    schedules: runsCron(learned) ? schedules.map((s) => ({ ...s, seen: hasRun(s, learned) })) : [],
    ...(previous === undefined ? {} : { inherited: inherit(previous, workload.subject).behaviour }),
    exercises,
    modes: modesOf(instances),
  };
}

function entryOf(
  { behaviour, time, node, instance, phase }: LearnedNovelty,
  copies: number,
  starter: string | undefined,
): LearnedEntry {
  const told = copyId(node, instance);
  return { behaviour, firstSeen: time, phase, copy: phase === 'start' ? (starter ?? told) : told, copies };
}

/**
 * Which start showed a behaviour first, by its ordinal. The copy that told it first is another one where a node came to
 * know the later copy sooner: counted as news of that later start, it would hold up learning until yet another start.
 */
function firstStarters(instances: readonly LearnedInstance[]): Map<number, string> {
  const first = new Map<number, string>();
  const starts = instances.filter((i) => i.fromStart && i.instance.startedAt > 0);
  for (const { instance, seen } of starts.toSorted((a, b) => a.instance.startedAt - b.instance.startedAt))
    for (const ordinal of seen.start)
      if (!first.has(ordinal)) first.set(ordinal, copyId(instance.node, instance.id));
  return first;
}

/** Ids are unique on their node alone: off Kubernetes they are paths of control groups. */
function copyId(node: string, id: string): string {
  return `${node}/${id}`;
}

function copyOf(
  { instance, fromStart, state, since, until, seen }: LearnedInstance,
  { startedAt, now }: { readonly startedAt: number; readonly now: number },
): LearnedCopy {
  const from = fromStart && instance.startedAt > 0 ? instance.startedAt : since > 0 ? since : startedAt;
  // Support comes once an hour: what runs is watched although it has not told of it yet.
  const to = state === 'exited' ? Math.max(from, until) : now;
  const steady = !fromStart || seen.steady.length > 0 || to - from > startUs;
  return { id: copyId(instance.node, instance.id), fromStart, steady, since: from, until: to };
}

function countInstances(instances: readonly LearnedInstance[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { seen } of instances)
    for (const ordinal of new Set([...seen.start, ...seen.steady]))
      counts.set(ordinal, (counts.get(ordinal) ?? 0) + 1);
  return counts;
}

const cronDaemons = new Set(['cron', 'crond', 'anacron', 'supercronic', 'fcron', 'busybox']);

function runsCron(learned: readonly LearnedNovelty[]): boolean {
  return learned.some(({ behaviour: { lineage } }) => lineage.some((exe) => cronDaemons.has(baseName(exe))));
}

/** Cron gives each line to a shell as one operand, which is learned exactly. */
function hasRun({ command }: Omit<Schedule, 'seen'>, learned: readonly LearnedNovelty[]): boolean {
  return learned.some(
    ({ behaviour: b }) => b.kind === 'exec' && b.args.at(-2) === '-c' && b.args.at(-1) === command,
  );
}

function modesOf(instances: readonly LearnedInstance[]): ExerciseMode[] {
  return [
    ...(instances.some((i) => i.fromStart) ? (['start'] as const) : []),
    ...(instances.some((i) => i.state === 'exited') ? (['shutdown'] as const) : []),
  ];
}

/** When watching began: no earlier than a copy was watched from its start, no later than anything was seen. */
function startOf(
  entries: readonly LearnedEntry[],
  instances: readonly LearnedInstance[],
  now: number,
): number {
  const watched = instances.flatMap((i) => [
    ...(i.fromStart && i.instance.startedAt > 0 ? [i.instance.startedAt] : []),
    ...(i.since > 0 ? [i.since] : []),
  ]);
  return [...watched, ...entries.map((e) => e.firstSeen)].reduce((a, b) => Math.min(a, b), now);
}
