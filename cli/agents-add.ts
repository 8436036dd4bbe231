import { hostname } from 'node:os';
import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { isPlainName } from './agent-chosen.ts';
import { time } from './agent-rows.ts';
import { Answer } from './answer.ts';
import { askedCollector, reasonOf } from './asked-collector.ts';
import { findCollector, type WhereOptions, whereOptions } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';

interface Options extends WhereOptions {
  readonly node?: string;
  readonly cluster?: string;
  readonly for: string;
  readonly address?: string;
  readonly replaces?: boolean;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

/** `agents add`: a token for one machine, as the line that is run there. */
export function registerAdd(agents: Command, io: Io): void {
  const verb = changing(
    whereOptions(
      agents
        .command('add')
        .description(
          'make a join token and print the line to run on the new node: it lets one machine in, once',
        )
        .option('--node <name>', 'good for this node alone (default: any that has no certificate yet)')
        .option('--cluster <name>', 'good for this cluster alone (default: any)')
        .option('--for <time>', 'how long it can be used: 30m, 1h, up to 7d', '1h')
        .option(
          '--address <host:port>',
          'what the node calls the collector (default: as you do, or as it is set)',
        )
        .option('--replaces', 'also for a name that has a certificate; with --node that is so')
        .option('--json', 'one JSON object'),
    ),
  ).action((_own: unknown, command: Command) => add(io, command.optsWithGlobals<Options>()));
  examples(verb, [
    ['whorl agents add --node worker-7 --reason OPS-31', 'a line to paste on worker-7'],
    ['whorl agents add --reason OPS-31 | ssh root@worker-7 sh', 'or run it there at once'],
  ]);
}

async function add(io: Io, options: Options): Promise<void> {
  const reason = reasonOf(options);
  const { node, cluster, replaces } = options;
  for (const name of [node, cluster]) if (name !== undefined) assertPlain(name);
  const body = {
    ...(node === undefined ? {} : { node }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(replaces === true ? { replaces } : {}),
    minutes: minutesOf(options.for),
    reason,
  };
  if (options.dryRun === true) return io.err(`would make a join token: ${JSON.stringify(body)}`);
  const collector = await askedCollector(io, options);
  const made = new Answer(await collector.call({ method: 'POST', path: '/join-tokens', body }));
  const address = options.address ?? (await addressOf(io, options, made.text('listen')));
  const [token, expiresAt] = [tokenOf(made), made.number('expiresAt')];
  const line = `printf '%s\\n' ${token} | ${joinCall(address, options)}`;
  if (options.json === true)
    return io.out(JSON.stringify({ id: made.text('id'), token, expiresAt, address, line }));
  io.out(line);
  io.err(
    `run it as root on ${node ?? 'the new node'}: it works once, until ${time(expiresAt)}, and is shown this once`,
  );
  if (isOwnMachine(address))
    io.err(
      `${printable(address, 300)} is this machine alone: for another one set listen of the collector, and name --address HOST:7443`,
    );
}

function joinCall(address: string, { cluster, node }: Options): string {
  const names = [
    ...(cluster === undefined ? [] : [` --cluster ${cluster}`]),
    ...(node === undefined ? [] : [` --node ${node}`]),
  ];
  return `whorl join ${address}${names.join('')} --token-file -`;
}

/** It becomes a part of a line for a shell: what a collector says that is no token must not. */
function tokenOf(made: Answer): string {
  const token = made.text('token');
  if (/^whorl-join\.[\w.-]{1,200}$/.test(token)) return token;
  throw new CliError(exitCodes.network, 'the collector answers with something that is no join token');
}

/** The host by which this command reaches the collector, and the port it has for agents. */
async function addressOf(io: Io, options: Options, listen: string): Promise<string> {
  const [, host = '', port = '7443'] = /^(\[[0-9A-Fa-f:]+\]|[\w.-]*):(\d{1,5})$/.exec(listen) ?? [];
  const place = await findCollector(io, options);
  if (place?.kind === 'url') return `${new URL(place.url).hostname}:${port}`;
  if (/^unix:\/[\w./-]+$/.test(listen)) return listen;
  return ['', '0.0.0.0', '[::]'].includes(host) ? `${hostname()}:${port}` : `${host}:${port}`;
}

function isOwnMachine(address: string): boolean {
  return /^(unix:|127\.|localhost:|\[::1\]:)/.test(address);
}

function minutesOf(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const minutes = Number(digits) * ({ m: 1, h: 60, d: 1440 }[unit] ?? Number.NaN);
  if (minutes >= 1 && minutes <= 10_080) return minutes;
  throw new CliError(exitCodes.usage, '--for must be a time such as 30m, 1h or 2d, at most 7d');
}

function assertPlain(name: string): void {
  if (!isPlainName(name))
    throw new CliError(
      exitCodes.usage,
      `${printable(name, 64)} is no name of a node or cluster`,
      'these are letters, digits, dots, dashes and underscores',
    );
}
