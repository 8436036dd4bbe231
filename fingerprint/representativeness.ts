import {
  type BehaviourSet,
  type Exercise,
  type ExerciseMode,
  type Expectation,
  exerciseModes,
  type Program,
} from './fingerprint.ts';
import { argsKey } from './identity.ts';

/** A declared exercise of which something was not seen. */
export interface Unmet {
  readonly mode: ExerciseMode;
  /** What was not seen; empty when the mode itself was not, and nothing more was declared of it. */
  readonly expects: readonly Expectation[];
  /** For a person: `backup was not seen: /usr/bin/pg_dump did not run`. */
  readonly sentence: string;
}

/**
 * Whether what was declared of a workload was seen of it (DESIGN §5 d). Absence of a behaviour says something only when
 * the occasion for it was there.
 *
 * @param modes seen by other means than behaviours: that a copy started, or ended
 */
export function unmetExercises(
  exercises: readonly Exercise[],
  behaviour: BehaviourSet,
  modes: readonly ExerciseMode[],
): Unmet[] {
  const seen = [...modes, ...evidentModes(behaviour)];
  return exercises.flatMap(({ mode, expects }) => {
    const missing = expects.filter((e) => !isMet(e, behaviour));
    // A mode without expectations that no behaviour shows is taken on its declaration alone: nothing could be checked.
    const isAbsent = expects.length === 0 && checkable.includes(mode) && !seen.includes(mode);
    if (missing.length === 0 && !isAbsent) return [];
    const what = missing.map(expectationSentence).join(', ');
    return [{ mode, expects: missing, sentence: `${mode} was not seen${what === '' ? '' : `: ${what}`}` }];
  });
}

/** Modes that leave traces of their own, whatever the workload. */
const checkable: readonly ExerciseMode[] = ['start', 'load', 'shutdown'];

/** Modes of which there is no sign, in the order of the format. */
export function missingModes(behaviour: BehaviourSet, modes: readonly ExerciseMode[]): ExerciseMode[] {
  const seen = [...modes, ...evidentModes(behaviour)];
  return exerciseModes.filter((mode) => !seen.includes(mode));
}

/** What behaviours alone tell: who listens or connects was under load, who renames a log has rotated it. */
function evidentModes({ programs }: BehaviourSet): ExerciseMode[] {
  const network = programs.flatMap((p) => p.network);
  const files = programs.flatMap((p) => p.files);
  const isUsed = network.some((n) => n.do === 'listen' || (n.do === 'connect' && n.transport !== 'unix'));
  const isRotated = files.some(
    (f) => f.to !== undefined && f.access.includes('rename') && /\.log/.test(f.path),
  );
  return [...(isUsed ? (['load'] as const) : []), ...(isRotated ? (['rotate'] as const) : [])];
}

function isMet(e: Expectation, { programs }: BehaviourSet): boolean {
  const isShownBy = shownBy(e);
  return programs.some(isShownBy);
}

function shownBy(e: Expectation): (p: Program) => boolean {
  switch (e.do) {
    case 'exec': {
      const args = e.args === undefined ? undefined : argsKey(e.args);
      return (p) => p.exe === e.exe && (args === undefined || p.args.some((a) => argsKey(a) === args));
    }
    case 'open':
      return (p) => p.files.some((f) => f.path === e.path && f.access.includes(e.access));
    case 'connect':
      return (p) => p.network.some((n) => n.do === 'connect' && n.peer === e.peer && isPort(n.port, e.port));
    case 'listen':
      return (p) =>
        p.network.some((n) => n.do === 'listen' && n.transport === e.transport && n.port === e.port);
    case 'resolve':
      return (p) => p.network.some((n) => n.do === 'resolve' && n.name === e.name);
  }
}

function isPort(port: number, wanted: number | undefined): boolean {
  return wanted === undefined || port === wanted;
}

/** What did not happen. The strings come from a file: whoever shows them escapes them. */
function expectationSentence(e: Expectation): string {
  switch (e.do) {
    case 'exec':
      return e.args === undefined ? `${e.exe} did not run` : `${e.args.join(' ')} did not run`;
    case 'open':
      return `${e.path} was not opened to ${e.access}`;
    case 'connect':
      return `nothing connected to ${e.peer}${e.port === undefined ? '' : `:${e.port}`}`;
    case 'listen':
      return `nothing listened on ${e.transport} port ${e.port}`;
    case 'resolve':
      return `nothing asked for ${e.name}`;
  }
}
