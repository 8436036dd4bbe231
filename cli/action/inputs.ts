import { createHash } from 'node:crypto';
import { CliError, exitCodes } from '../exit.ts';

/** What the action is asked to do: record and compare, record and write, or only look at what is there. */
const actionModes = ['check', 'update', 'diff', 'lint'] as const;
export type ActionMode = (typeof actionModes)[number];

export interface Inputs {
  readonly mode: ActionMode;
  /** A shell script; it comes from the workflow, never from a pull request's title or branch. */
  readonly command: string;
  readonly images: readonly string[];
  /** Of a command that starts no containers. */
  readonly name: string;
  readonly runs: string;
  readonly out: string;
  /** With `diff`: the directory to compare with. */
  readonly base: string;
  /** By baseline name, `''` for all. */
  readonly sboms: ReadonlyMap<string, string>;
  readonly vulns: ReadonlyMap<string, string>;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the action's inputs from the environment: nothing of them is ever part of a shell's text. @throws CliError */
export function readInputs(env: Env): Inputs {
  const text = (name: string, missing = ''): string => (env[`INPUT_${name}`] ?? '').trim() || missing;
  const mode = actionModes.find((m) => m === text('MODE', 'check'));
  if (mode === undefined) throw usage(`mode must be one of ${actionModes.join(', ')}`);
  const inputs: Inputs = {
    mode,
    command: text('COMMAND'),
    images: lines(text('IMAGES')),
    name: text('NAME'),
    runs: text('RUNS', '1'),
    out: text('OUT', 'whorl'),
    base: text('BASE'),
    sboms: named(lines(text('SBOM'))),
    vulns: named(lines(text('VULNS'))),
  };
  if (inputs.command === '' && (mode === 'check' || mode === 'update'))
    throw usage(`mode ${mode} needs a command that starts and tests the containers`);
  if (inputs.base === '' && mode === 'diff')
    throw usage('mode diff needs base, the directory to compare with');
  return inputs;
}

/** Whether a true or false input is true, in the words that workflows use. @throws CliError */
export function isOn(env: Env, name: string): boolean {
  const word = (env[`INPUT_${name}`] ?? '').trim().toLowerCase();
  if (['', 'true'].includes(word)) return true;
  if (word === 'false') return false;
  throw usage(`${name.toLowerCase()} must be true or false`);
}

function lines(text: string): readonly string[] {
  return text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** `FILE` for every baseline, `NAME=FILE` for the one in NAME.json. */
function named(texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const [name = '', ...file] = text.split('=');
      return file.length === 0 ? ['', name] : [name, file.join('=')];
    }),
  );
}

/**
 * The first line of the one comment of a directory, by which it is found again. Several uses in one pull request have
 * directories of their own.
 */
export function markerOf(out: string): string {
  const name =
    /^[\w./-]{1,100}$/.test(out) && !out.includes('--')
      ? out
      : createHash('sha256').update(out).digest('hex');
  return `<!-- whorl: ${name} -->`;
}

function usage(sentence: string): CliError {
  return new CliError(exitCodes.usage, sentence);
}
