import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask, type Daemon } from './control-client.ts';
import { CliError, type ExitCode, exitCodes } from './exit.ts';

/** What is kept of a daemon's talk, for the sentence when it fails. */
const keptLines = 40;
const startTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;

/** One folder up in the source tree, two in `dist/`. */
const launcher = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../bin/whorl' : '../../bin/whorl', import.meta.url),
);

const alivePath: Readonly<Record<Daemon, string>> = { agent: '/status', collector: '/healthz' };

interface LastWords {
  readonly words: string;
  readonly code: ExitCode;
}

/** An agent or collector of our own: a child process that ends when we do, however we end (`endWithParent`). */
export interface DaemonProcess {
  readonly name: Daemon;
  readonly pid: number;
  /** Settles when the process is gone, with the last thing it said and its exit code. */
  readonly gone: Promise<LastWords>;
  /** Asks it to end, waits, and insists. */
  stop(): Promise<void>;
}

/**
 * Starts `whorl <name>` and waits until its control socket answers.
 * Its own session: Ctrl-C reaches only us, and we end the agent before the collector it reports to.
 */
export async function startDaemon(options: {
  readonly name: Daemon;
  readonly args: readonly string[];
  readonly socketPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told every line it prints on stdout. */
  readonly onLine?: (line: string) => void;
}): Promise<DaemonProcess> {
  // The launcher, which knows how each daemon is to run; the Node that runs us, where the package brings none.
  const child = spawn(launcher, [options.name, '--with-parent', ...options.args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...options.env, NO_COLOR: '1', PATH: `${dirname(process.execPath)}:${options.env.PATH ?? ''}` },
    detached: true,
  });
  const said = keepLines(child);
  createInterface({ input: child.stdout }).on('line', (line) => options.onLine?.(line));
  const gone = once(child, 'exit').then(() => lastWords(child, said));
  const daemon = { name: options.name, pid: child.pid ?? 0, gone, stop: () => stop(child) };
  try {
    await answering(options.socketPath, options.name, child, said);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return daemon;
}

function keepLines(child: ChildProcess): string[] {
  const said: string[] = [];
  if (child.stderr === null) return said;
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    if (said.length > keptLines) said.shift();
  });
  return said;
}

async function answering(
  socketPath: string,
  name: Daemon,
  child: ChildProcess,
  said: readonly string[],
): Promise<void> {
  const until = performance.now() + startTimeoutMs;
  while (performance.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null) throw ended(name, child, said);
    if ((await ask(socketPath, name, { method: 'GET', path: alivePath[name] })) !== undefined) return;
    await sleep(50);
  }
  throw new CliError(
    exitCodes.incomplete,
    `the ${name} did not answer within ${startTimeoutMs / 1000} s: ${said.at(-1) ?? 'it said nothing'}`,
  );
}

/** The daemon's own sentence and code are ours: it knows best what was wrong. */
function ended(name: Daemon, child: ChildProcess, said: readonly string[]): CliError {
  const { words, code } = lastWords(child, said);
  return new CliError(code, `the ${name} did not start: ${words}`);
}

function lastWords(child: ChildProcess, said: readonly string[]): LastWords {
  const sentence = said.findLast((line) => line.startsWith('whorl: '))?.slice('whorl: '.length);
  return { words: sentence ?? said.at(-1) ?? 'it ended without a word', code: codeOf(child.exitCode) };
}

function codeOf(code: number | null): ExitCode {
  const known = Object.values(exitCodes).find((c) => c === code);
  return known === undefined || known === exitCodes.fine ? exitCodes.internal : known;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const insist = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await gone;
  clearTimeout(insist);
}

/**
 * For a daemon that was started `--with-parent`: its stdin closes when the parent is gone, also by kill -9.
 * @returns how to stop listening, else the open pipe would keep the process alive
 */
export function endWithParent(): () => void {
  const end = (): void => void process.kill(process.pid, 'SIGTERM');
  process.stdin.once('end', end).once('error', end).resume();
  return () => process.stdin.removeAllListeners().destroy();
}
