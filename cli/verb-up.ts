import { join } from 'node:path';
import type { Command } from 'commander';
import { agentLineText } from './agent-line.ts';
import { collectorLineText } from './collector-line.ts';
import { dataDir, dataDirOption } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import type { LocalStack } from './local-stack.ts';
import { styled, type Text } from './text.ts';

interface Options {
  readonly dataDir?: string;
  readonly listen: string;
  readonly install: boolean;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = dataDirOption(
    program
      .command('up')
      .description('learn and watch what runs on this machine: collector and agent in one terminal')
      .option('--listen <address>', 'where the collector listens for agents', '127.0.0.1:7443')
      .option('--no-install', 'do not install packages that are missing to build the event sensor')
      .option('--json', 'state changes as JSON lines'),
  ).action((options: Options) => up(io, options));
  examples(verb, [
    ['whorl up', 'as root: from now on, behaviour that is never normal is told'],
    ['whorl up --data-dir ./state --listen 127.0.0.1:0', 'elsewhere, on any free port'],
  ]);
}

async function up(io: Io, options: Options): Promise<void> {
  const directory = dataDir(io, options.dataDir);
  const { lockDataDir } = await import('./data-dir-lock.ts');
  const { provideSensor } = await import('./event-source.ts');
  const unlock = await lockDataDir(directory);
  try {
    const say = (sentence: string): void => print(io, options, 'note', sentence, { type: 'note', sentence });
    const sensor = await provideSensor({
      install: options.install,
      cacheDir: join(directory, 'sensor'),
      say,
    });
    if (sensor.kind === 'missing') {
      throw new CliError(
        exitCodes.incomplete,
        `nothing can be seen here: ${sensor.sentence}`,
        'whorl doctor tells everything that is missing',
      );
    }
    await run(io, options, directory, sensor.binary);
  } finally {
    unlock();
  }
}

async function run(io: Io, options: Options, directory: string, binary: string): Promise<void> {
  const { startStack } = await import('./local-stack.ts');
  const asked = askedToEnd();
  const stack = await startStack({
    dataDir: directory,
    env: io.env,
    agent: { sensor: binary, logLevel: 'warn' },
    collector: { listen: options.listen, logLevel: 'warn' },
    onAgentLine: (line) => print(io, options, 'agent', agentLineText(line), line),
    onCollectorLine: (line) => print(io, options, 'collector', collectorLineText(line), line),
  });
  print(io, options, 'note', `state is kept in ${directory}; Ctrl-C ends`, {
    type: 'note',
    dataDir: directory,
  });
  // On a machine without services of their own nothing more would be printed, and silence looks like a defect.
  const watched =
    'what runs in a cgroup of its own (services, containers, sessions) is learned and watched from now on';
  print(io, options, 'note', watched, { type: 'note', sentence: watched });
  try {
    await Promise.race([asked, endOf(stack)]);
  } finally {
    await stack.stop();
  }
  print(io, options, 'note', 'ended; start it again and it goes on from here', { type: 'ended' });
}

/** Ctrl-C, or what a service manager sends. A second one finds us ending already. */
function askedToEnd(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGINT', resolve);
    process.on('SIGTERM', resolve);
    process.on('SIGHUP', resolve);
  });
}

/** One of the two ended by itself: its own last sentence says why. */
async function endOf({ agent, collector }: LocalStack): Promise<never> {
  const [name, last] = await Promise.race([
    agent.gone.then((said) => ['agent', said] as const),
    collector.gone.then((said) => ['collector', said] as const),
  ]);
  throw new CliError(exitCodes.incomplete, `the ${name} ended: ${last.words}`);
}

function print(io: Io, options: Options, from: string, text: Text | undefined, line: object): void {
  if (options.json === true) io.out(JSON.stringify({ from, ...line }));
  if (options.json === true || text === undefined) return;
  const time = new Date(io.now()).toTimeString().slice(0, 8);
  const pieces = typeof text === 'string' ? [text] : text;
  io.out([styled('dim', time), ' ', ...pieces]);
}
