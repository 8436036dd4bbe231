import type { Command } from 'commander';
import { parseTime } from '../fingerprint/time.ts';
import { Answer } from './answer.ts';
import { choice } from './choice.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { needCollector } from './need-collector.ts';
import { reasonOf } from './reason-option.ts';
import { day, roleText, tokenLine } from './token-text.ts';

interface Options extends WhereOptions {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

interface CreateOptions extends Options {
  readonly role: string;
  readonly cluster: readonly string[];
  readonly namespace: readonly string[];
  readonly expires?: string;
}

const roles = ['viewer', 'analyst', 'responder', 'admin'];

/** `login token`: API tokens of the collector, for people and scripts. */
export function registerTokens(login: Command, io: Io): void {
  const token = login.command('token').description('API tokens: who may use the collector over the network');
  examples(token, [
    ['whorl login token create grace --role responder --reason CHG-4711', 'for somebody who may stop things'],
    ['whorl login token list', 'who has access'],
    ['whorl login token revoke 8FJmmkuRqPk --reason "laptop lost"', 'end one now'],
  ]);
  registerCreate(token, io);
  registerList(token, io);
  registerRevoke(token, io);
}

function registerCreate(token: Command, io: Io): void {
  const verb = changing(
    whereOptions(
      token
        .command('create')
        .description(
          'make a token and print it: the collector keeps its hash alone, so it is shown this once',
        )
        .argument('<name>', 'who or what will use it; stands as author wherever it changes something')
        .addOption(choice('--role <role>', `at most ${roles.join(' < ')}`, roles).makeOptionMandatory())
        .option('--cluster <name>', 'sees nothing else; may be repeated', collect, [])
        .option('--namespace <name>', 'sees nothing else; may be repeated', collect, [])
        .option('--expires <time>', 'a year from now at the latest (default: in 90 days)')
        .option('--json', 'one JSON object'),
    ),
  ).action((name: string, _own: unknown, command: Command) => create(io, name, given(command)));
  examples(verb, [
    [
      'whorl login token create ci --role viewer --namespace shop --reason CHG-4711 >ci.token',
      'for a script',
    ],
  ]);
}

function registerList(token: Command, io: Io): void {
  const verb = whereOptions(
    token.command('list').description('all tokens, also ended ones').option('--json', 'one JSON object'),
  ).action((_own: unknown, command: Command) => list(io, given(command)));
  examples(verb, [['whorl login token list', 'a line each']]);
}

function registerRevoke(token: Command, io: Io): void {
  const verb = changing(
    whereOptions(
      token
        .command('revoke')
        .description('end a token now')
        .argument('<id>', 'as whorl login token list shows it')
        .option('--json', 'one JSON object'),
    ),
  ).action((id: string, _own: unknown, command: Command) => revoke(io, id, given(command)));
  examples(verb, [
    ['whorl login token revoke 8FJmmkuRqPk --reason "laptop lost"', 'it is refused from now on'],
  ]);
}

async function create(io: Io, name: string, options: CreateOptions): Promise<void> {
  const reason = reasonOf(options);
  const { role, cluster, namespace } = options;
  const body = {
    name,
    role,
    reason,
    ...(cluster.length + namespace.length === 0
      ? {}
      : { scope: { clusters: cluster, namespaces: namespace } }),
    ...(options.expires === undefined ? {} : { expiresAt: timeOf(options.expires) }),
  };
  if (options.dryRun === true) return io.err(`would make a token: ${JSON.stringify(body)}`);
  const made = await (await needCollector(io, options)).call({ method: 'POST', path: '/tokens', body });
  if (options.json === true) return io.out(JSON.stringify(made));
  const token = new Answer(made);
  io.out(token.text('token'));
  io.err(
    `${roleText(token)}, until ${day(token.number('expiresAt'))}, id ${token.text('id')}; it is shown this once`,
  );
}

async function list(io: Io, options: Options): Promise<void> {
  const rows = await (await needCollector(io, options)).list('/tokens');
  if (options.json === true) return io.out(JSON.stringify({ tokens: rows }));
  for (const row of rows) io.out(tokenLine(new Answer(row), io.now()));
  if (rows.length === 0) io.err('no tokens');
}

async function revoke(io: Io, id: string, options: Options): Promise<void> {
  const reason = reasonOf(options);
  if (!/^[0-9A-Za-z]{1,64}$/.test(id))
    throw new CliError(exitCodes.usage, 'this is no id of a token', 'whorl login token list shows them');
  if (options.dryRun === true) return io.err(`would revoke the token ${id}`);
  const collector = await needCollector(io, options);
  await collector.call({ method: 'DELETE', path: `/tokens/${id}`, query: { reason } });
  if (options.json === true) io.out(JSON.stringify({ id, revoked: true, reason }));
  else io.err(`the token ${id} is refused from now on`);
}

/** `login` itself has options of the same names, and takes those that stand behind its subcommands for its own. */
function given<T extends Options>(command: Command): T {
  return command.optsWithGlobals<T>();
}

function timeOf(text: string): number {
  const micros = parseTime(text);
  if (micros !== undefined) return Math.floor(micros / 1000);
  throw new CliError(exitCodes.usage, '--expires must be a time such as 2026-05-01T08:00:00Z');
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}
