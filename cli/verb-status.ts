import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { Answer } from './answer.ts';
import { type ApiClient, connectCollector } from './api-client.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { ask } from './control-client.ts';
import { agentSocket, dataDir } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { describeAgent, describeCollector, describeWorkloads, isUnseen, lostOf } from './status-text.ts';
import { armBanners, stopBanners } from './stop-status.ts';

interface Options extends WhereOptions {
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = whereOptions(
    program
      .command('status')
      .description(
        'what runs, what is learned and judged, what was lost; exit 4 when events were lost, or go unseen',
      )
      .option('--json', 'one JSON object'),
  ).action((options: Options) => status(io, options));
  examples(verb, [
    ['whorl status', 'agent, collector and workloads of this machine'],
    ['whorl status --collector https://whorl.example.com:8443', 'a collector elsewhere, after whorl login'],
    ['whorl status --json', 'everything they tell'],
  ]);
}

async function status(io: Io, options: Options): Promise<void> {
  const directory = dataDir(io, options.dataDir);
  const [agent, { collector, workloads }] = await Promise.all([
    ask(agentSocket(directory), 'agent', { method: 'GET', path: '/status' }),
    connectCollector(io, options).then(askCollector),
  ]);
  if (agent === undefined && collector === undefined) {
    throw new CliError(
      exitCodes.incomplete,
      `neither a collector nor an agent runs on ${directory}`,
      'start whorl up, name their --data-dir, or whorl login to a collector elsewhere',
    );
  }
  if (options.json === true)
    io.out(JSON.stringify({ agent: agent ?? null, collector: collector ?? null, workloads }));
  else {
    for (const banner of [...stopBanners(collector), ...armBanners(agent)]) io.out(banner);
    for (const line of [
      ...describeAgent(agent),
      ...describeCollector(collector),
      ...describeWorkloads({ workloads }),
    ])
      io.out(printable(line, 1000));
  }
  if (lostOf(agent) > 0 || isUnseen(agent)) io.exit(exitCodes.incomplete);
}

/** The pages come by hash; people look for names. */
async function askCollector(
  client: ApiClient | undefined,
): Promise<{ readonly collector?: unknown; readonly workloads: readonly unknown[] }> {
  if (client === undefined) return { workloads: [] };
  const [collector, workloads] = await Promise.all([
    client.call({ method: 'GET', path: '/status' }),
    client.list('/workloads'),
  ]);
  return { collector, workloads: workloads.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)) };
}

function placeOf(row: unknown): string {
  const workload = new Answer(row).at('workload');
  return ['namespace', 'owner', 'container', 'role'].map((name) => workload.text(name)).join('\n');
}
