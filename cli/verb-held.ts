import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { formatSeconds } from '../fingerprint/time.ts';
import { shortId } from './agent-line.ts';
import { Answer, workloadName } from './answer.ts';
import type { ApiClient } from './api-client.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { collectorOf, given } from './stop-order.ts';
import { typedConfirmation } from './typed-confirmation.ts';

interface Options extends WhereOptions {
  readonly json?: boolean;
  readonly all?: boolean;
}

interface EndOptions extends Options {
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = whereOptions(
    program
      .command('held')
      .description('stops that a brake held back, for you to release or to cancel')
      .argument('[id]', 'one in detail, by the beginning of its id')
      .option('--all', 'also those that are over')
      .option('--json', 'one JSON line each'),
  ).action((id: string | undefined, options: Options) => held(io, id, options));
  examples(verb, [
    ['whorl held', 'what waits for somebody'],
    ['whorl held release 5c1e --reason "it is an attack"', 'do it after all'],
    ['whorl held cancel 5c1e --reason "a test of ours"', 'let it go on, and leave it alone'],
  ]);
  end(io, verb, 'release', 'have it done after all, past the brake');
  end(io, verb, 'cancel', 'let what is held go on, and leave it alone from then on');
}

function end(io: Io, held: Command, how: 'release' | 'cancel', what: string): void {
  const verb = whereOptions(
    changing(held.command(how).description(what).argument('<id>', 'by the beginning of its id'))
      .option('--yes', 'do not ask')
      .option('--json', 'one JSON object'),
  ).action((id: string, _options: EndOptions, command: Command) =>
    ended(io, how, id, command.optsWithGlobals<EndOptions>()),
  );
  examples(verb, [[`whorl held ${how} 5c1e --reason "ticket 7"`, what]]);
}

async function held(io: Io, id: string | undefined, options: Options): Promise<void> {
  const client = await collectorOf(io, options);
  const query = {
    ...(id === undefined ? {} : { id }),
    ...(options.all === true || id !== undefined ? {} : { state: 'waiting' }),
  };
  const rows = (await client.list('/held-orders', query)).map((row) => new Answer(row));
  for (const row of rows)
    if (options.json === true) io.out(JSON.stringify(row.value));
    else for (const line of heldLines(row)) io.out(line);
  if (rows.length === 0 && id !== undefined) throw noneBegins(id);
  if (rows.length === 0 && options.json !== true) io.err('nothing waits for a person');
}

/** For people: what would be done, where, and which brake says no. */
function heldLines(row: Answer): string[] {
  const until = formatSeconds(row.number('expires') * 1000);
  const state = row.text('state');
  const { author, reason } = {
    author: row.at('ended').text('author'),
    reason: row.at('ended').text('reason'),
  };
  const when = state === 'waiting' ? `until ${until}` : `${state} by ${author}: ${reason}`;
  return [
    `${shortId(row.text('id'))} ${row.text('wanted')} of ${workloadName(row)}, incident ${shortId(row.text('occurrence'))}, ${when}`,
    `         ${row.text('sentence')}`,
  ].map((line) => printable(line, 1000));
}

async function ended(io: Io, how: 'release' | 'cancel', id: string, options: EndOptions): Promise<void> {
  const client = await collectorOf(io, options);
  const row = await one(client, id);
  if (options.dryRun === true) {
    if (options.json === true) return io.out(JSON.stringify({ dryRun: true, [how]: row.value }));
    for (const line of [`would ${how}:`, ...heldLines(row)]) io.out(line);
    return;
  }
  const reason = given(options);
  if (how === 'release')
    await typedConfirmation(io, {
      word: printable(row.at('workload').text('owner')) || shortId(row.text('id')),
      yes: options.yes,
      what: heldLines(row).join('\n'),
    });
  const path = `/held-orders/${encodeURIComponent(row.text('id'))}/${how}`;
  const answer = await client.call({ method: 'POST', path, body: { reason } });
  if (options.json === true) return io.out(JSON.stringify(answer));
  io.out(how === 'release' ? `ordered: ${row.text('wanted')}` : 'cancelled; what was held goes on');
}

async function one(client: ApiClient, id: string): Promise<Answer> {
  const [found, another] = await client.list('/held-orders', { id }, 2);
  if (found === undefined) throw noneBegins(id);
  if (another !== undefined)
    throw new CliError(
      exitCodes.usage,
      `more than one held order has an id that begins with ${printable(id, 64)}`,
    );
  return new Answer(found);
}

function noneBegins(id: string): CliError {
  const sentence = `no held order has an id that begins with ${printable(id, 64)}`;
  return new CliError(exitCodes.usage, sentence, 'whorl held --all lists them');
}
