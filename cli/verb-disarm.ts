import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { formatSeconds } from '../fingerprint/time.ts';
import { shortId } from './agent-line.ts';
import { Answer } from './answer.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { agentDir, dataDir } from './data-dir.ts';
import { disarmScope, disarmSpan, type PlaceOptions } from './disarm-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';
import { collectorOf, given } from './stop-order.ts';
import { scopeText } from './stop-status.ts';

interface Options extends WhereOptions, PlaceOptions {
  readonly for?: string;
  readonly local?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = whereOptions(
    changing(
      program
        .command('disarm')
        .description('nothing new is stopped in a place for a while; what is held stays held')
        .option('--cluster <cluster>', 'all of a cluster')
        .option('--namespace <cluster/namespace>', 'one namespace')
        .option('--workload <cluster/namespace/owner>', 'one workload, as in prod/shop/Deployment/cart')
        .option('--local', 'this node, without the collector')
        .option('--for <time>', 'for how long, 1m to 24h; then it is armed again by itself')
        .option('--json', 'one JSON object'),
    ),
  ).action((options: Options) => disarm(io, options));
  examples(verb, [
    ['whorl disarm --namespace prod/shop --for 2h --reason "migration"', 'drift there is told, not stopped'],
    ['whorl disarm --local --for 1h --reason "no collector"', 'on this node, when the collector is away'],
    ['whorl rearm --all --reason "done"', 'before the time is over'],
  ]);
}

async function disarm(io: Io, options: Options): Promise<void> {
  const scope = options.local === true ? undefined : disarmScope(options);
  const ms = disarmSpan(options.for);
  const reason = given(options);
  if (scope === undefined) return disarmHere(io, ms, reason, options);
  const body = { scope, hours: ms / 3_600_000, reason };
  if (options.dryRun === true) {
    const until = formatSeconds((io.now() + ms) * 1000);
    io.out(
      options.json === true
        ? JSON.stringify({ dryRun: true, ...body })
        : `would disarm ${printable(scopeText(new Answer(scope)), 400)} until ${until}`,
    );
    return;
  }
  const client = await collectorOf(io, options);
  const answer = await client.call({ method: 'POST', path: '/disarms', body });
  const told = new Answer(answer);
  if (options.json === true) return io.out(JSON.stringify(answer));
  const until = formatSeconds(told.at('disarm').number('until') * 1000);
  io.out(`disarmed until ${until}; whorl rearm ${shortId(told.at('disarm').text('id'))} ends it`);
  if (told.number('workloads') === 0) io.err('no workload is known there: is the name right?');
}

/** The agent reads it within a second (agent/adapters/arm-state-file.ts). */
async function disarmHere(io: Io, ms: number, reason: string, options: Options): Promise<void> {
  if (options.cluster !== undefined || options.namespace !== undefined || options.workload !== undefined)
    throw new CliError(exitCodes.usage, '--local is about all of this node; leave the place out');
  const directory = agentDir(dataDir(io, options.dataDir));
  if (!existsSync(directory))
    throw new CliError(
      exitCodes.usage,
      `no agent kept anything in ${fileName(directory)}`,
      'name its --data-dir',
    );
  const now = io.now();
  const [since, until] = [now, now + ms].map((time) => formatSeconds(time * 1000));
  const kept = { since, until, author: `local:${userInfo().username}`, reason };
  const file = join(directory, 'disarmed.json');
  if (options.dryRun !== true)
    await io.writeFile(file, `${JSON.stringify(kept)}\n`, { mode: 0o600, overwrite: true });
  if (options.json === true)
    return io.out(JSON.stringify({ dryRun: options.dryRun === true, file, ...kept }));
  io.out(`${options.dryRun === true ? 'would disarm' : 'disarmed'} this node until ${until}`);
}
