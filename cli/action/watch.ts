import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { plainMarkdown } from '../../fingerprint/markdown.ts';
import { quoted } from '../../fingerprint/phrase.ts';
import { exitCodes } from '../exit.ts';
import type { Inputs } from './inputs.ts';
import { block, type Part } from './page.ts';
import { takeBack, whorl, whorlAsRoot } from './whorl.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What one use of the action comes to. */
export interface Verdict {
  readonly headline: string;
  readonly parts: readonly Part[];
  readonly changed: boolean;
  readonly widened: boolean;
  readonly exitCode: number;
  /** Directory with the baselines as recorded now; absent when nothing was recorded. */
  readonly recorded?: string;
}

export async function watch(inputs: Inputs, env: Env): Promise<Verdict> {
  switch (inputs.mode) {
    case 'check':
    case 'update':
      return await record(inputs, env);
    case 'diff':
      return verdictOf(await comparisons(inputs, env, { old: inputs.base, next: inputs.out }), []);
    case 'lint':
      return await lintAll(inputs, env);
  }
}

/** Records into a copy, so that what was recorded can be shown, kept and committed, whatever the verdict is. */
async function record(inputs: Inputs, env: Env): Promise<Verdict> {
  const work = mkdtempSync(join(env.RUNNER_TEMP ?? tmpdir(), 'whorl-'));
  const recorded = join(work, 'whorl');
  if (existsSync(inputs.out)) cpSync(inputs.out, recorded, { recursive: true });
  else mkdirSync(recorded);
  const images = inputs.images.flatMap((image) => ['--image', image]);
  const name = inputs.name === '' ? [] : ['--name', inputs.name];
  const options = [...images, ...name, '--runs', inputs.runs, '--out', recorded];
  // As the forge runs a step, but without a file: its drawn name would be another in every recording.
  const shell = ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', inputs.command];
  const args = ['record', ...options, '--update', '--json', '--', ...shell];
  const ran = await whorlAsRoot(args, withoutForgeFiles(env));
  await takeBack(work, env);
  const told = toldOf(ran.stdout);
  if (told === undefined) return failed(ran.code);
  const compared = await comparisons(inputs, env, { old: inputs.out, next: recorded });
  if (inputs.mode === 'update') cpSync(recorded, inputs.out, { recursive: true });
  const verdict = verdictOf(compared, told.incomplete);
  const accepted = inputs.mode === 'update' && verdict.exitCode === exitCodes.drift;
  return { ...verdict, ...(accepted ? { exitCode: exitCodes.fine } : {}), recorded };
}

/** Through these a step speaks to the steps after it, one of which holds the token; what is tested is none. */
const forgeFiles = ['GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY'];

export function withoutForgeFiles(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !forgeFiles.includes(name)));
}

/** What `record --json` says that files do not. */
function toldOf(stdout: string): { readonly incomplete: readonly string[] } | undefined {
  try {
    const incomplete: unknown = Reflect.get(JSON.parse(stdout), 'incomplete');
    return Array.isArray(incomplete) ? { incomplete: incomplete.map(String) } : undefined;
  } catch {
    // No JSON: it ended before there was anything to tell, and said why on stderr.
    return undefined;
  }
}

function failed(code: number): Verdict {
  const why =
    code === exitCodes.drift
      ? 'the command failed, so nothing was recorded'
      : `nothing was recorded (exit ${code})`;
  const part = { name: '', markdown: `❌ ${why}; the log of the job says more.\n`, quiet: false };
  return { headline: why, parts: [part], changed: false, widened: false, exitCode: code === 0 ? 70 : code };
}

interface Compared extends Part {
  readonly changed: boolean;
  readonly widened: boolean;
}

/** Baselines of a directory; `unstable.json` beside them is none. */
function baselinesIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json') && file !== 'unstable.json')
    .map((file) => basename(file, '.json'))
    .sort();
}

async function comparisons(
  inputs: Inputs,
  env: Env,
  { old, next }: { readonly old: string; readonly next: string },
): Promise<readonly Compared[]> {
  const parts: Compared[] = [];
  for (const name of baselinesIn(next)) {
    const compared = await comparison(name, env, {
      old: join(old, `${name}.json`),
      next: join(next, `${name}.json`),
    });
    const packages = await packagesOf(inputs, env, { name, file: join(next, `${name}.json`) });
    parts.push({ ...compared, markdown: `${compared.markdown}${packages}` });
  }
  const left = baselinesIn(next);
  return [
    ...parts,
    ...baselinesIn(old)
      .filter((name) => !left.includes(name))
      .map(removal),
  ];
}

/** Nothing more is allowed where nothing is said, and nobody compares any longer: that is news. */
function removal(name: string): Compared {
  const markdown = `### ⚠️ the baseline ${plainMarkdown(quoted(name))} was removed\n\nNobody compares what it does any longer.\n`;
  return { name, markdown, quiet: false, changed: true, widened: false };
}

async function comparison(
  name: string,
  env: Env,
  { old, next }: { readonly old: string; readonly next: string },
): Promise<Compared> {
  if (!existsSync(old)) {
    const markdown = `### ⚠️ ${plainMarkdown(quoted(name))} has no baseline yet\n\nWhat was recorded is in ${plainMarkdown(quoted(basename(next)))}: read it with ${plainMarkdown('`whorl inspect`')}, then commit it.\n`;
    return { name, markdown, quiet: false, changed: true, widened: true };
  }
  const ran = await whorl(['diff', old, next, '--markdown'], env);
  if (ran.code !== exitCodes.fine && ran.code !== exitCodes.drift) {
    const markdown = `### ❌ ${plainMarkdown(quoted(name))} could not be compared\n\nThe log of the job says why.\n`;
    return { name, markdown, quiet: false, changed: true, widened: true };
  }
  const unchanged = (await changesOf(old, next, env)) === 0;
  return {
    name,
    markdown: ran.stdout,
    quiet: unchanged,
    changed: !unchanged,
    widened: ran.code === exitCodes.drift,
  };
}

async function changesOf(old: string, next: string, env: Env): Promise<number> {
  const { stdout } = await whorl(['diff', old, next, '--json'], env);
  const changes: unknown = Reflect.get(JSON.parse(stdout), 'changes');
  return Array.isArray(changes) ? changes.length : 0;
}

/** What `lint` says with SBOM and report, folded away; it changes no verdict but that of mode lint. */
async function packagesOf(
  { sboms, vulns }: Inputs,
  env: Env,
  { name, file }: { readonly name: string; readonly file: string },
): Promise<string> {
  const options = packageOptions(name, { sboms, vulns });
  if (options.length === 0) return '';
  const { stdout } = await whorl(['lint', file, ...options], env);
  return stdout === '' ? '' : `\n${block('packages, and what lint says', stdout)}`;
}

function packageOptions(name: string, { sboms, vulns }: Pick<Inputs, 'sboms' | 'vulns'>): readonly string[] {
  const option = (flag: string, files: ReadonlyMap<string, string>): string[] => {
    const file = files.get(name) ?? files.get('');
    return file === undefined ? [] : [flag, file];
  };
  return [...option('--sbom', sboms), ...option('--vulns', vulns)];
}

function verdictOf(parts: readonly Compared[], incomplete: readonly string[]): Verdict {
  const widened = parts.some((p) => p.widened);
  const changed = parts.some((p) => p.changed);
  const gaps = incomplete.map((sentence) => `- ${plainMarkdown(sentence)}`).join('\n');
  const gap: Part = {
    name: '',
    markdown: `❌ Something was not seen, so absence proves nothing:\n\n${gaps}\n`,
    quiet: false,
  };
  const headline =
    incomplete.length > 0
      ? 'the recording is incomplete'
      : widened
        ? 'more is allowed than before'
        : changed
          ? 'changed, and nothing more is allowed'
          : 'nothing has changed';
  return {
    headline,
    parts: incomplete.length > 0 ? [gap, ...parts] : parts,
    changed,
    widened,
    exitCode: incomplete.length > 0 ? exitCodes.incomplete : widened ? exitCodes.drift : exitCodes.fine,
  };
}

async function lintAll(inputs: Inputs, env: Env): Promise<Verdict> {
  const parts: Part[] = [];
  let exitCode: number = exitCodes.fine;
  for (const name of baselinesIn(inputs.out)) {
    const file = join(inputs.out, `${name}.json`);
    const ran = await whorl(['lint', file, ...packageOptions(name, inputs)], env);
    exitCode = Math.max(exitCode, ran.code);
    const grave = ran.code !== exitCodes.fine;
    const title = `### ${grave ? '⚠️' : '✅'} ${plainMarkdown(quoted(name))}\n\n`;
    parts.push({ name, markdown: `${title}${block('what lint says', ran.stdout)}`, quiet: !grave });
  }
  const headline = exitCode === exitCodes.fine ? 'nothing grave found' : 'lint found something grave';
  return { headline, parts, changed: false, widened: false, exitCode };
}
