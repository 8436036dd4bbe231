import type { Command } from 'commander';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { deadLine, deskLines, listIn, sinkLines } from './notify-text.ts';

/**
 * One request to the collector's API, below `/api/v1`.
 * @returns the parsed answer
 * @throws CliError when the collector refuses or is not there
 */
export type CallApi = (call: {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
}) => Promise<unknown>;

/** How the verb reaches a collector: the options it takes for that, and what they mean. */
export interface ApiAccess {
  options(command: Command): Command;
  open(io: Io, options: object): CallApi;
}

interface Options {
  readonly json?: boolean;
  readonly reason: string;
}

/** `whorl notify`: who is told, and how that goes. */
export function registerNotify(program: Command, io: Io, access: ApiAccess): void {
  const verb = program.command('notify').description('who is told of what changes, and how that goes');
  const sub = (usage: string, what: string) =>
    access.options(verb.command(usage).description(what)).option('--json', 'one JSON object');
  const changing = (usage: string, what: string) =>
    sub(usage, what).requiredOption('--reason <text>', 'why, for the record');

  sub('list', 'every sink: what waits, what was delivered, since when it fails and why').action(
    async (options: Options) =>
      show(io, options, await access.open(io, options)({ method: 'GET', path: '/notify' }), list),
  );
  sub('dead <sink>', 'notices that were given up, newest first').action(
    async (sink: string, options: Options) =>
      show(io, options, await access.open(io, options)({ method: 'GET', path: of(sink, 'dead') }), dead),
  );
  sub('test <sink>', 'sends a notice that says it is a test').action((sink: string, options: Options) =>
    change(
      io,
      access,
      options,
      of(sink, 'test'),
      `a test is on its way to ${sink}; whorl notify list shows whether it came`,
    ),
  );
  sub('retry <sink>', 'sends again what was given up').action((sink: string, options: Options) =>
    change(io, access, options, of(sink, 'retry'), `what was given up for ${sink} is sent again`),
  );
  changing('pause <sink>', 'sends nothing until it is resumed; what is news meanwhile waits').action(
    (sink: string, options: Options) =>
      change(
        io,
        access,
        options,
        of(sink, 'pause'),
        `${sink} is told nothing until: whorl notify resume ${sink}`,
        options.reason,
      ),
  );
  changing('resume <sink>', 'sends on, beginning with what waited').action((sink: string, options: Options) =>
    change(io, access, options, of(sink, 'resume'), `${sink} is told again`, options.reason),
  );
  examples(verb, [
    ['whorl notify list', 'every sink and how it goes'],
    ['whorl notify test ops', 'does it arrive?'],
    ['whorl notify retry ops', 'after the receiver was mended'],
  ]);
}

function of(sink: string, what: string): string {
  return `/notify/${encodeURIComponent(sink)}/${what}`;
}

function show(io: Io, { json }: Options, answer: unknown, print: (io: Io, answer: unknown) => void): void {
  if (json === true) io.out(JSON.stringify(answer));
  else print(io, answer);
}

function list(io: Io, answer: unknown): void {
  const sinks = listIn(answer, 'sinks');
  for (const line of [...sinks.flatMap(sinkLines), ...deskLines(answer)]) io.out(line);
  if (sinks.length === 0)
    io.err('nobody is told: the configuration of the collector names no sink (key notify)');
}

function dead(io: Io, answer: unknown): void {
  const rows = listIn(answer, 'dead');
  for (const row of rows) io.out(deadLine(row));
  if (rows.length === 0) io.err('nothing was given up');
}

async function change(
  io: Io,
  access: ApiAccess,
  options: Options,
  path: string,
  done: string,
  reason?: string,
): Promise<void> {
  const body = reason === undefined ? {} : { reason };
  const answer = await access.open(io, options)({ method: 'POST', path, body });
  show(io, options, answer, () => io.out(done));
}
