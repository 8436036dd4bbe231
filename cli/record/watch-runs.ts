import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { microClock } from '../../agent/adapters/clock.ts';
import { readStat, startOf } from '../../agent/adapters/linux/process-proc.ts';
import { dataDir } from '../data-dir.ts';
import { provideSensor } from '../event-source.ts';
import { CliError, exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { untilSignal } from '../until-signal.ts';
import { oneRun, type RunOptions } from './one-run.ts';
import type { RunSeen } from './run-seen.ts';
import type { StepLog } from './step-log.ts';
import { openStepServer } from './step-server.ts';
import type { Target } from './target.ts';

export interface WatchRunsOptions extends Pick<RunOptions, 'command' | 'sockets'> {
  readonly runs: number;
  readonly json: boolean;
  /** Whether packages may be installed to build the sensor. */
  readonly install: boolean;
  readonly dataDir: string | undefined;
}

/** @returns undefined when the command failed or was interrupted, which was told then */
export async function watchRuns(
  io: Io,
  options: WatchRunsOptions,
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

async function sensorFor(io: Io, options: WatchRunsOptions): Promise<string> {
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
