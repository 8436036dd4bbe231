import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { shortId } from './agent-line.ts';
import { Answer } from './answer.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { agentDir, dataDir } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { collectorOf, given } from './stop-order.ts';
import { disarmLine } from './stop-status.ts';

interface Options extends WhereOptions {
  readonly all?: boolean;
  readonly local?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = whereOptions(
    changing(
      program
        .command('rearm')
        .description('end a disarm before its time: it is stopped there again')
        .argument('[id]', 'by the beginning of its id, as whorl status shows it')
        .option('--all', 'every one')
        .option('--local', 'that of this node')
        .option('--json', 'one JSON line each'),
    ),
  ).action((id: string | undefined, options: Options) => rearm(io, id, options));
  examples(verb, [
    ['whorl rearm --all --reason "migration done"', 'everything is armed again'],
    ['whorl rearm --local', 'this node'],
  ]);
}

async function rearm(io: Io, id: string | undefined, options: Options): Promise<void> {
  if ([id !== undefined, options.all === true, options.local === true].filter(Boolean).length !== 1)
    throw new CliError(
      exitCodes.usage,
      'name one disarm, or say --all or --local',
      'whorl status shows them',
    );
  if (options.local === true) return rearmHere(io, options);
  const client = await collectorOf(io, options);
  // Not in pages: there are never more than the collector keeps in force at once.
  const answer = new Answer(await client.call({ method: 'GET', path: '/disarms' }));
  const meant = answer.list('items').filter((row) => id === undefined || row.text('id').startsWith(id));
  if (id !== undefined && meant.length !== 1)
    throw new CliError(
      exitCodes.usage,
      `${meant.length === 0 ? 'no' : 'more than one'} disarm has an id that begins with ${printable(id, 64)}`,
      'whorl status shows them',
    );
  if (meant.length === 0) return io.err('nothing is disarmed');
  const reason = options.dryRun === true ? '' : given(options);
  for (const row of meant) {
    const path = `/disarms/${encodeURIComponent(row.text('id'))}`;
    if (options.dryRun !== true) await client.call({ method: 'DELETE', path, query: { reason } });
    const done = options.dryRun === true ? 'would rearm' : 'armed again';
    io.out(
      options.json === true
        ? JSON.stringify({ dryRun: options.dryRun === true, disarm: row.value })
        : `${done}: ${shortId(row.text('id'))} ${disarmLine(row)}`,
    );
  }
}

function rearmHere(io: Io, options: Options): void {
  const file = join(agentDir(dataDir(io, options.dataDir)), 'disarmed.json');
  if (options.dryRun !== true) rmSync(file, { force: true });
  const done = options.dryRun === true ? 'would arm this node again' : 'this node is armed again';
  io.out(options.json === true ? JSON.stringify({ dryRun: options.dryRun === true, file }) : done);
}
