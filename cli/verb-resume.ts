import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { ask } from './control-client.ts';
import { agentDir, agentSocket, dataDir, dataDirOption } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';
import type { StopOptions } from './stop-order.ts';

interface Options extends StopOptions {
  readonly local?: boolean;
  readonly all?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = changing(
    dataDirOption(
      program
        .command('resume')
        .description(
          'let go what is held or frozen; with --local on this machine, with or without a running agent',
        )
        .argument('[incident...]', 'what belongs to these incidents, by the beginning of their ids')
        .option('--collector <url>', 'the collector to ask (or WHORL_COLLECTOR, or whorl login)')
        .option('--no-wait', 'do not wait for what the agents answer')
        .option('--local', 'on this machine, now, without asking the collector')
        .option('--all', 'everything')
        .option('--json', 'one JSON object'),
    ),
  ).action((incidents: string[], options: Options) =>
    options.local === true ? resume(io, incidents, options) : resumeByOrder(io, incidents, options),
  );
  examples(verb, [
    ['whorl resume 3f9a --reason "a test of ours"', 'everywhere, by an order of the collector'],
    ['whorl resume --local --all', 'everything on this machine runs on'],
    ['whorl resume --local 3f9a…', 'one incident, by the id that whorl incidents shows'],
  ]);
}

interface Let {
  readonly incident: string;
  readonly action: string;
  readonly pids: readonly number[];
}

async function resumeByOrder(io: Io, ids: readonly string[], options: Options): Promise<void> {
  if (options.all === true || ids.length === 0)
    throw new CliError(
      exitCodes.usage,
      'name the incidents that are to go on',
      'whorl incidents shows their ids; --local --all is for everything on this machine',
    );
  const { orderStop } = await import('./stop-order.ts');
  await orderStop(io, { action: 'resume', ids, confirm: false }, options);
}

export async function resume(io: Io, incidents: readonly string[], options: Options): Promise<void> {
  const [incident, another] = incidents;
  if ((incident === undefined) === (options.all !== true) || another !== undefined) {
    throw new CliError(exitCodes.usage, 'name one incident, or say --all', 'whorl incidents shows their ids');
  }
  const directory = dataDir(io, options.dataDir);
  assertAgentRan(directory);
  const done = options.dryRun === true ? await held(directory, incident) : await letGo(directory, incident);
  if (options.json === true) {
    const why = options.reason === undefined ? {} : { reason: options.reason };
    return io.out(JSON.stringify({ dryRun: options.dryRun === true, resumed: done, ...why }));
  }
  const because = options.reason === undefined ? '' : `: ${printable(options.reason)}`;
  const verb = options.dryRun === true ? 'would let go' : 'let go';
  for (const hold of done)
    io.out(
      `${verb} ${hold.action} of pid ${hold.pids.join(', ')} (incident ${hold.incident.slice(0, 16)})${because}`,
    );
  if (done.length === 0) io.err('nothing is held or frozen here');
}

/** A mistyped directory must not read as "nothing is held", nor a dry run make one. */
function assertAgentRan(directory: string): void {
  const kept = agentDir(directory);
  if (existsSync(kept)) return;
  throw new CliError(
    exitCodes.usage,
    `no agent kept anything in ${fileName(kept)}`,
    'name its --data-dir; if the directory was removed, make it again, empty, and run this once more',
  );
}

/** The agent does it when it runs, so that it knows; else its list on disk is enough. */
async function letGo(directory: string, incident: string | undefined): Promise<readonly Let[]> {
  const body = incident === undefined ? { all: true } : { incident };
  const answer = await ask(agentSocket(directory), 'agent', { method: 'POST', path: '/resume', body });
  if (answer !== undefined) return readHolds(answer, 'resumed');
  const { resumeHolds } = await import('../agent/adapters/enforce-cgroup.ts');
  return resumeHolds(agentDir(directory), incident === undefined ? 'all' : { incident });
}

async function held(directory: string, incident: string | undefined): Promise<readonly Let[]> {
  const answer = await ask(agentSocket(directory), 'agent', { method: 'GET', path: '/status' });
  const all = answer === undefined ? await heldOnDisk(directory) : readHolds(answer, 'holds');
  return all.filter((hold) => incident === undefined || hold.incident === incident);
}

async function heldOnDisk(directory: string): Promise<readonly Let[]> {
  const { openCgroupEnforcer } = await import('../agent/adapters/enforce-cgroup.ts');
  const enforcer = await openCgroupEnforcer({
    dataDir: join(agentDir(directory)),
    now: () => Date.now() * 1000,
  });
  enforcer.close();
  return enforcer.holds();
}

function readHolds(answer: unknown, name: 'resumed' | 'holds'): readonly Let[] {
  const list: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined;
  if (!Array.isArray(list))
    throw new CliError(
      exitCodes.incomplete,
      'the agent answers in a way this version does not know',
      'use the whorl of the same version',
    );
  return list.flatMap((hold: unknown) => (isLet(hold) ? [hold] : []));
}

function isLet(value: unknown): value is Let {
  if (typeof value !== 'object' || value === null) return false;
  const pids: unknown = Reflect.get(value, 'pids');
  return (
    typeof Reflect.get(value, 'incident') === 'string' &&
    typeof Reflect.get(value, 'action') === 'string' &&
    Array.isArray(pids)
  );
}
