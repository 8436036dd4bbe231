import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { ask } from './control-client.ts';
import { agentSocket, collectorSocket, dataDir, dataDirOption } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { describeAgent, describeCollector, describeWorkloads, isUnseen, lostOf } from './status-text.ts';

interface Options {
  readonly dataDir?: string;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = dataDirOption(
    program
      .command('status')
      .description(
        'what runs, what is learned and judged, what was lost; exit 4 when events were lost, or go unseen',
      )
      .option('--json', 'one JSON object'),
  ).action((options: Options) => status(io, options));
  examples(verb, [
    ['whorl status', 'agent, collector and workloads of this machine'],
    ['whorl status --json', 'everything they tell'],
  ]);
}

async function status(io: Io, options: Options): Promise<void> {
  const directory = dataDir(io, options.dataDir);
  const get = (path: string) => ({ method: 'GET', path }) as const;
  const [agent, collector, workloads] = await Promise.all([
    ask(agentSocket(directory), 'agent', get('/status')),
    ask(collectorSocket(directory), 'collector', get('/status')),
    ask(collectorSocket(directory), 'collector', get('/workloads')),
  ]);
  if (agent === undefined && collector === undefined) {
    throw new CliError(
      exitCodes.incomplete,
      `neither a collector nor an agent runs on ${directory}`,
      'start whorl up, or name their --data-dir',
    );
  }
  if (options.json === true)
    io.out(JSON.stringify({ agent: agent ?? null, collector: collector ?? null, ...members(workloads) }));
  else
    for (const line of [
      ...describeAgent(agent),
      ...describeCollector(collector),
      ...describeWorkloads(workloads),
    ])
      io.out(printable(line, 1000));
  if (lostOf(agent) > 0 || isUnseen(agent)) io.exit(exitCodes.incomplete);
}

function members(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
