import type { Command } from 'commander';
import { behaviourDigest } from '../fingerprint/behaviour-digest.ts';
import { indexBehaviour } from '../fingerprint/index-behaviour.ts';
import { readBaseline } from './baseline-file.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { type JudgeOptions, judgeRecording } from './judgement.ts';
import { sourceOption } from './recording.ts';

export function register(program: Command, io: Io): void {
  const verb = program
    .command('backtest')
    .description(
      'what would have drifted, and what would have been stopped, if this baseline were signed; exit 1 on drift, 4 when events were lost or nothing could be judged',
    )
    .argument('<baseline>', 'what `whorl learn` wrote')
    .argument('<events...>', 'events as JSON lines, gzip accepted, - for stdin')
    .addOption(sourceOption())
    .option('--json', 'one JSON line per incident, then a summary line')
    .option('--stops', 'with --json: say in each line whether the mode kill would stop it')
    .action((path: string, events: string[], options: JudgeOptions) => backtest(io, path, events, options));
  examples(verb, [
    ['whorl backtest cart.json sunday.jsonl', 'would Sunday have been quiet?'],
    ['whorl backtest cart.json sunday.jsonl --json --stops', 'for a script'],
  ]);
}

async function backtest(
  io: Io,
  path: string,
  events: readonly string[],
  options: JudgeOptions,
): Promise<void> {
  const baseline = await readBaseline(io, path);
  const approval = {
    fingerprint: behaviourDigest(baseline.behaviour),
    version: 0,
    signedBy: 'nobody yet',
    maxMode: 'observe' as const,
  };
  await judgeRecording(
    io,
    events,
    baseline,
    { index: indexBehaviour(baseline), approval },
    {
      ...options,
      stops: options.json !== true || options.stops === true,
    },
  );
}
