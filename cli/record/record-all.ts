import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { microClock } from '../../agent/adapters/clock.ts';
import { readStat, startOf } from '../../agent/adapters/linux/process-proc.ts';
import { quoted } from '../../fingerprint/phrase.ts';
import { printable } from '../../fingerprint/printable.ts';
import { dataDir } from '../data-dir.ts';
import { provideSensor } from '../event-source.ts';
import { CliError, exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { counted } from '../known-file.ts';
import { untilSignal } from '../until-signal.ts';
import { assertFree, RecordDirectory } from './directory.ts';
import { learnRuns, type Recorded } from './learn-runs.ts';
import { type LockEntry, lockEntry } from './lock-entry.ts';
import { oneRun } from './one-run.ts';
import type { RunSeen } from './run-seen.ts';
import type { StepLog } from './step-log.ts';
import { openStepServer } from './step-server.ts';
import { commandTarget, imageTargets, type Target } from './target.ts';
import { isWider, type Outcome, tell, toldAsJson } from './tell.ts';
import type { UnstableFile } from './unstable-file.ts';

export interface RecordOptions {
  readonly command: readonly string[];
  readonly runs: number;
  readonly images: readonly string[];
  readonly name: string | undefined;
  readonly out: string;
  readonly mode: Outcome['mode'];
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly reason: string | undefined;
  readonly sockets: { readonly containerd: string; readonly docker: string };
  readonly install: boolean;
  readonly dataDir: string | undefined;
}

/** Runs the command under the sensor as often as wanted, then compares and writes. @throws CliError */
export async function recordAll(io: Io, options: RecordOptions): Promise<void> {
  const targets =
    options.images.length === 0
      ? [commandTarget(options.command, options.name)]
      : imageTargets(options.images, options.name);
  const directory = new RecordDirectory(io, options.out);
  if (options.mode === 'write') assertFree(directory, targets);
  // What cannot be compared is told before the tests run, not after.
  const former = new Map<Target, Awaited<ReturnType<RecordDirectory['read']>>>();
  for (const target of targets) former.set(target, await directory.read(target));
  const unstable = await directory.readUnstable();
  const runs = await watchRuns(io, options, targets);
  if (runs === undefined) return;
  const recorded = learnRuns(targets, runs);
  assertSeen(recorded);
  const entries = recorded.map((one) =>
    lockEntry(one, former.get(one.target), new Set(unstable.get(one.target.file)?.map((u) => u.id))),
  );
  const outcome: Outcome = {
    entries,
    pathOf: ({ recorded: { target } }) => directory.pathOf(target),
    incomplete: [...new Set(runs.flatMap((run) => run.incomplete))],
    runs: options.runs,
    mode: options.mode,
    dryRun: options.dryRun,
  };
  if (options.mode !== 'check' && !options.dryRun)
    await directory.write(entries, withUnstable(unstable, entries), unstable);
  finish(io, options, outcome);
}

function finish(io: Io, { json, reason, mode }: RecordOptions, outcome: Outcome): void {
  if (json) io.out(JSON.stringify({ ...toldAsJson(outcome), ...(reason === undefined ? {} : { reason }) }));
  else tell(io, outcome);
  if (reason !== undefined && !json) io.err(`because: ${printable(reason)}`);
  if (outcome.incomplete.length > 0) io.exit(exitCodes.incomplete);
  else if (mode === 'check' && outcome.entries.some(isWider)) io.exit(exitCodes.drift);
}

/** @returns undefined when the command failed or was interrupted, which was told then */
async function watchRuns(
  io: Io,
  options: RecordOptions,
  targets: readonly Target[],
): Promise<readonly RunSeen[] | undefined> {
  const stop = untilSignal();
  const now = microClock();
  const sensor = await sensorFor(io, options);
  let steps: StepLog | undefined;
  const server = await openStepServer(() => steps, now);
  try {
    const seen: RunSeen[] = [];
    for (let run = 1; run <= options.runs; run += 1) {
      if (stop.aborted) return interrupted(io);
      if (options.runs > 1) io.err(`run ${run} of ${options.runs}`);
      const end = await oneRun({
        targets,
        command: options.command,
        env: io.env,
        sensor,
        sockets: options.sockets,
        stepSocket: server.path,
        token: letters(),
        quietStdout: options.json,
        now,
        sinceBoot,
        onSteps: (log) => {
          steps = log;
        },
        say: (sentence) => io.err(sentence),
      });
      if (end.command.interrupted || stop.aborted) return interrupted(io);
      if (end.seen === undefined) return failed(io, end.command.code);
      seen.push(end.seen);
    }
    return seen;
  } finally {
    server.close();
  }
}

async function sensorFor(io: Io, options: RecordOptions): Promise<string> {
  const cacheDir = join(dataDir(io, options.dataDir), 'sensor');
  const sensor = await provideSensor({
    install: options.install,
    cacheDir,
    say: (sentence) => io.err(sentence),
  });
  if (sensor.kind === 'ready') return sensor.binary;
  throw new CliError(
    exitCodes.incomplete,
    `nothing can be recorded: ${sensor.sentence}`,
    'whorl doctor says more',
  );
}

function interrupted(io: Io): undefined {
  io.err('interrupted: nothing was written');
  io.exit(exitCodes.incomplete);
  return undefined;
}

/** Half a test suite is no evidence of what the whole one would have shown. */
function failed(io: Io, code: number): undefined {
  io.err(`the command failed with code ${code}: nothing was written`);
  io.exit(exitCodes.drift);
  return undefined;
}

/** µs since boot. */
function sinceBoot(): number {
  const self = readStat(process.pid);
  return (self === undefined ? 0 : startOf(self)) + Math.round(process.uptime() * 1_000_000);
}

/** Letters alone: a number would be taken for one of several copies. */
function letters(): string {
  return [...randomBytes(8)].map((byte) => String.fromCharCode(97 + (byte % 26))).join('');
}

/** An empty baseline is no evidence of anything, and signed it would make everything drift. */
function assertSeen(recorded: readonly Recorded[]): void {
  const unseen = recorded.filter((one) => one.copies === 0 || one.baseline.behaviour.programs.length === 0);
  const [first] = unseen;
  if (first === undefined) return;
  const { target, older } = first;
  const what =
    target.image === undefined
      ? `nothing was seen of ${quoted(target.name)}`
      : `no container of ${quoted(target.image.text)} was started while the command ran`;
  const hint =
    older > 0
      ? `${counted(older, 'copy', 'copies')} ran already: the command must start what is to be recorded`
      : 'check --image and that the command starts it; nothing was written';
  throw new CliError(exitCodes.incomplete, what, hint);
}

function withUnstable(before: UnstableFile, entries: readonly LockEntry[]): UnstableFile {
  const all = new Map(before);
  for (const { recorded } of entries) {
    const { file } = recorded.target;
    const known = new Map((all.get(file) ?? []).map((u) => [u.id, u]));
    for (const { id, sentence } of recorded.unstable) if (!known.has(id)) known.set(id, { id, sentence });
    if (known.size > 0) all.set(file, [...known.values()]);
  }
  return all;
}
