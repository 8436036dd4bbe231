import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printable } from '../../fingerprint/printable.ts';
import { CliError, exitCodes } from '../exit.ts';
import { isOn, markerOf, readInputs } from './inputs.ts';
import { commentPage, summaryPage } from './page.ts';
import { stickyComment } from './sticky-comment.ts';
import { type Verdict, watch } from './watch.ts';

/** The steps of action.yml. Only `comment` is given a token: `watch` starts what a pull request brought along. */
const steps: Readonly<Record<string, (env: Env) => Promise<number>>> = {
  watch: watchStep,
  comment: commentStep,
};

type Env = Readonly<Record<string, string | undefined>>;

/** @returns the code to leave with */
export async function action(step: string, env: Env): Promise<number> {
  const run = steps[step];
  try {
    if (run === undefined) throw new CliError(exitCodes.usage, `there is no step ${printable(step, 40)}`);
    return await run(env);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    tell('error', error.message);
    output(env, { 'exit-code': String(error.exitCode), changed: 'false', widened: 'false' });
    return error.exitCode;
  }
}

/** Leaves with 0 whatever was found: the last step of the action does that, when the comment is written. */
async function watchStep(env: Env): Promise<number> {
  const inputs = readInputs(env);
  const comment = isOn(env, 'COMMENT');
  warnOfTarget(env);
  const verdict = await watch(inputs, env);
  const { headline, parts } = verdict;
  append(env.GITHUB_STEP_SUMMARY, summaryPage(headline, parts));
  const marker = markerOf(inputs.out);
  const page = join(mkdtempSync(join(env.RUNNER_TEMP ?? tmpdir(), 'whorl-page-')), 'comment.md');
  writeFileSync(page, commentPage(marker, headline, parts));
  output(env, outputsOf(verdict, comment ? page : ''));
  return exitCodes.fine;
}

function outputsOf(v: Verdict, page: string): Readonly<Record<string, string>> {
  return {
    changed: String(v.changed),
    widened: String(v.widened),
    'exit-code': String(v.exitCode),
    recorded: v.recorded ?? '',
    page,
    speaks: String(v.parts.some((p) => !p.quiet)),
  };
}

/** Never fails a build: whoever may not comment still has the job summary. */
async function commentStep(env: Env): Promise<number> {
  const pull = pullOf(env);
  if (pull === undefined) return exitCodes.fine;
  const { GITHUB_API_URL: url = '', GITHUB_REPOSITORY: repository = '', INPUT_TOKEN: token = '' } = env;
  if (token === '' || url === '' || !/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    tell('warning', 'no comment: there is no token for it');
    return exitCodes.fine;
  }
  const body = readFileSync(env.INPUT_PAGE ?? '', 'utf8');
  const marker = body.slice(0, body.indexOf('\n'));
  const result = await stickyComment(
    { url, token, repository, pull },
    { marker, body, speaks: env.INPUT_SPEAKS !== 'false' },
  );
  if (result.kind === 'refused') tell('warning', `no comment: ${result.why}`);
  return exitCodes.fine;
}

/** The number of the pull request that started the workflow. */
function pullOf(env: Env): number | undefined {
  const number: unknown = Reflect.get(Object(Reflect.get(event(env), 'pull_request')), 'number');
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

function event(env: Env): object {
  try {
    return Object(JSON.parse(readFileSync(env.GITHUB_EVENT_PATH ?? '', 'utf8')));
  } catch {
    // Not on the forge, or an event without a file: then there is no pull request to speak to.
    return {};
  }
}

/** There the token may write and secrets are at hand, while what is tested may be a stranger's. */
function warnOfTarget(env: Env): void {
  if (env.GITHUB_EVENT_NAME === 'pull_request_target')
    tell('warning', 'pull_request_target gives strangers’ code a token that may write: use pull_request');
}

/** A line of the forge's own commands; what could begin another one is escaped. */
function tell(kind: 'warning' | 'error', sentence: string): void {
  const text = sentence.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  process.stdout.write(`::${kind} title=whorl::${text}\n`);
}

/** Names and words of ours, and paths that mkdtemp made: no value holds a newline. */
function output(env: Env, values: Readonly<Record<string, string>>): void {
  append(
    env.GITHUB_OUTPUT,
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
}

function append(path: string | undefined, text: string): void {
  if (path !== undefined && path !== '') appendFileSync(path, text);
}

if (import.meta.main) process.exitCode = await action(process.argv[2] ?? '', process.env);
