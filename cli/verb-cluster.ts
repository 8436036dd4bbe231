import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { isPlainName } from './agent-chosen.ts';
import { time } from './agent-rows.ts';
import { Answer } from './answer.ts';
import { memberOf } from './api-client.ts';
import { askedCollector, reasonOf } from './asked-collector.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';

interface Options extends WhereOptions {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

interface AddOptions extends Options {
  readonly issuer: string;
  readonly jwks: string;
  readonly audience: string;
  readonly account: readonly string[];
}

/** As the collector takes them (collector/core/issuer-keys.ts). */
const maxJwksBytes = 65_536;
const fetchKeys = 'kubectl get --raw /openid/v1/jwks >jwks.json';

export function register(program: Command, io: Io): void {
  const verb = program
    .command('cluster')
    .description('Kubernetes clusters whose agents enrol by their service accounts, without join tokens');
  examples(verb, [
    [
      'whorl cluster add prod --issuer https://issuer.example --jwks jwks.json --reason OPS-40',
      'let them in',
    ],
    [fetchKeys, 'where --jwks comes from: run it in that cluster'],
    ['kubectl get --raw /.well-known/openid-configuration', 'and where --issuer does'],
    ['whorl cluster list', 'which were added'],
  ]);
  registerAdd(verb, io);
  registerList(verb, io);
  registerRemove(verb, io);
}

function registerAdd(cluster: Command, io: Io): void {
  const verb = changing(
    whereOptions(
      cluster
        .command('add')
        .description('let the agents of a cluster enrol; again with the same name: with other keys')
        .argument('<name>', 'as the agents there are configured: cluster')
        .requiredOption('--issuer <url>', 'of its tokens, as they say it')
        .requiredOption('--jwks <file>', "the issuer's public keys, as the cluster tells them; - for stdin")
        .option('--audience <name>', 'that the tokens are made for', 'whorl-collector')
        .option('--account <ns/name>', 'service account that may enrol; may be repeated', collect, [])
        .option('--json', 'one JSON object'),
    ),
  ).action((name: string, _own: unknown, command: Command) => add(io, name, command.optsWithGlobals()));
  examples(verb, [
    [fetchKeys, 'in that cluster; again whenever it replaces its keys'],
    ['whorl cluster add prod --issuer https://issuer.example --jwks jwks.json --reason OPS-40', 'here'],
  ]);
}

function registerList(cluster: Command, io: Io): void {
  const verb = whereOptions(
    cluster.command('list').description('the clusters that were added').option('--json', 'one JSON object'),
  ).action((_own: unknown, command: Command) => list(io, command.optsWithGlobals()));
  examples(verb, [['whorl cluster list', 'a line each']]);
}

function registerRemove(cluster: Command, io: Io): void {
  const verb = changing(
    whereOptions(
      cluster
        .command('remove')
        .description(
          'let no more agents of it enrol; those that have certificates stay until they are revoked',
        )
        .argument('<name>', 'as whorl cluster list shows it')
        .option('--json', 'one JSON object'),
    ),
  ).action((name: string, _own: unknown, command: Command) => remove(io, name, command.optsWithGlobals()));
  examples(verb, [
    ['whorl cluster remove prod --reason "closed down"', 'whorl agents revoke ends one agent'],
  ]);
}

async function add(io: Io, name: string, options: AddOptions): Promise<void> {
  const reason = reasonOf(options);
  assertName(name);
  const jwks = new TextDecoder().decode(await io.readFile(options.jwks, { maxBytes: maxJwksBytes }));
  const { issuer, audience, account } = options;
  const accounts = account.length === 0 ? ['whorl-system/whorl-agent'] : account;
  const told = { name, issuer, audience, accounts };
  if (options.dryRun === true) return io.err(`would add the cluster: ${JSON.stringify(told)}`);
  const collector = await askedCollector(io, options);
  await collector.call({ method: 'POST', path: '/clusters', body: { ...told, jwks, reason } });
  if (options.json === true) io.out(JSON.stringify({ ...told, added: true }));
  else io.err(`agents of ${name} may enrol as ${printable(accounts.join(', '), 1000)}, on cluster=${name}`);
}

async function list(io: Io, options: Options): Promise<void> {
  const answer = await (await askedCollector(io, options)).call({ method: 'GET', path: '/clusters' });
  if (options.json === true) return io.out(JSON.stringify({ clusters: memberOf(answer, 'items') }));
  const rows = new Answer(answer).list('items');
  for (const row of rows) io.out(clusterLine(row));
  if (rows.length === 0) io.err('no cluster was added; agents there need join tokens');
}

async function remove(io: Io, name: string, options: Options): Promise<void> {
  const reason = reasonOf(options);
  assertName(name);
  if (options.dryRun === true) return io.err(`would remove the cluster ${name}`);
  const collector = await askedCollector(io, options);
  await collector.call({ method: 'DELETE', path: `/clusters/${name}`, query: { reason } });
  if (options.json === true) io.out(JSON.stringify({ name, removed: true, reason }));
  else io.err(`no more agents of ${name} are let in by their service accounts`);
}

function clusterLine(row: Answer): string {
  return [
    printable(row.text('name'), 253),
    `tokens of ${printable(row.text('issuer'), 300)} for ${printable(row.text('audience'), 253)}`,
    printable(row.words('accounts'), 1000),
    `added ${time(row.number('addedAt'))} by ${printable(row.text('author'), 100)}`,
  ].join('  ');
}

function assertName(name: string): void {
  if (!isPlainName(name))
    throw new CliError(
      exitCodes.usage,
      `${printable(name, 64)} is no name of a cluster`,
      'it is letters, digits, dots, dashes and underscores',
    );
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}
