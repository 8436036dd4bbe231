import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Cleanup } from './demo/cleanup.ts';
import type { Ending } from './demo/ending.ts';
import type { Narrator } from './demo/narrator.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';

interface Options {
  readonly install: boolean;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('demo')
    .description(
      'the whole story in about half a minute, on live kernel events of this machine; leaves nothing behind',
    )
    .option('--no-install', 'do not install packages that are missing to build the event sensor')
    .option('--json', 'the story on stderr, one JSON line on stdout')
    .action((options: Options) => demo(io, options));
  examples(verb, [
    ['whorl demo', 'as root: live; else from recorded events'],
    ['whorl demo --json', 'for a script: ends with one JSON line'],
  ]);
}

async function demo(io: Io, options: Options): Promise<void> {
  const [{ Cleanup }, { narrator }, { endingLine, endingText }] = await Promise.all([
    import('./demo/cleanup.ts'),
    import('./demo/narrator.ts'),
    import('./demo/ending.ts'),
  ]);
  const started = performance.now();
  const cleanup = new Cleanup();
  const told = narrator(io, { json: options.json === true });
  const signal = interrupted();
  let ending: Ending;
  try {
    ending = await play(io, options, { told, cleanup, signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    for (const left of await cleanup.run()) io.err(`could not clean up ${left}`);
  }
  const seconds = (performance.now() - started) / 1000 - ending.installSeconds;
  told.say(endingText(ending, seconds));
  if (options.json === true) io.out(JSON.stringify(endingLine(ending, seconds)));
}

interface Setting {
  readonly told: Narrator;
  readonly cleanup: Cleanup;
  readonly signal: AbortSignal;
}

async function play(io: Io, options: Options, { told, cleanup, signal }: Setting): Promise<Ending> {
  const { provideSensor } = await import('./event-source.ts');
  const cacheDir = await mkdtemp(join(tmpdir(), 'whorl-demo-sensor-'));
  cleanup.add('sensor', () => rm(cacheDir, { recursive: true, force: true }));
  const began = performance.now();
  const sensor = await provideSensor({ install: options.install, cacheDir, say: (text) => told.say(text) });
  if (sensor.kind === 'missing') {
    const { playRecorded } = await import('./demo/replay.ts');
    return { live: false, installSeconds: 0, outcomes: await playRecorded(io, told, sensor.sentence) };
  }
  const { playStory } = await import('./demo/story.ts');
  const installSeconds = sensor.installed ? (performance.now() - began) / 1000 : 0;
  const outcomes = await playStory({ sensor: sensor.binary, env: io.env, narrator: told, cleanup, signal });
  return { live: true, installSeconds, outcomes };
}

/** Ctrl-C or a service manager: the story ends where it is and everything is cleaned up. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  const reason = new CliError(
    exitCodes.incomplete,
    'the demo was interrupted; everything it made was taken away',
  );
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => controller.abort(reason));
  return controller.signal;
}
