import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { needCollector } from './need-collector.ts';
import { deadLine, deskLines, listIn, sinkLines } from './notify-text.ts';
import { reasonOf } from './reason-option.ts';

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

interface Options extends WhereOptions {
  readonly json?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

const overTheApi: ApiAccess = {
  options: whereOptions,
  open: (io, options) => async (call) => (await needCollector(io, options)).call(call),
};

export function register(program: Command, io: Io): void {
  registerNotify(program, io, overTheApi);
}

/** One thing that can be asked of a sink, and what is said when it was done. */
interface Act {
  readonly name: 'test' | 'retry' | 'pause' | 'resume';
  readonly what: string;
  readonly done: (sink: string) => string;
  readonly needsReason: boolean;
}

const acts: readonly Act[] = [
  {
    name: 'test',
    what: 'sends a notice that says it is a test',
    done: (sink) => `a test is on its way to ${sink}; whorl notify list shows whether it came`,
    needsReason: false,
  },
  {
    name: 'retry',
    what: 'sends again what was given up',
    done: (sink) => `what was given up for ${sink} is sent again`,
    needsReason: false,
  },
  {
    name: 'pause',
    what: 'sends nothing until it is resumed; what is news meanwhile waits',
    done: (sink) => `${sink} is told nothing until: whorl notify resume ${sink}`,
    needsReason: true,
  },
  {
    name: 'resume',
    what: 'sends on, beginning with what waited',
    done: (sink) => `${sink} is told again`,
    needsReason: true,
  },
];

/** `whorl notify`: who is told, and how that goes. */
export function registerNotify(program: Command, io: Io, access: ApiAccess): void {
  const verb = program.command('notify').description('who is told of what changes, and how that goes');
  const sub = (usage: string, what: string) =>
    access.options(verb.command(usage).description(what)).option('--json', 'one JSON object');
  sub('list', 'every sink: what waits, what was delivered, since when it fails and why').action(
    async (options: Options) =>
      show(io, options, await access.open(io, options)({ method: 'GET', path: '/notify' }), list),
  );
  sub('dead <sink>', 'notices that were given up, newest first').action(
    async (sink: string, options: Options) =>
      show(io, options, await access.open(io, options)({ method: 'GET', path: of(sink, 'dead') }), dead),
  );
  for (const act of acts) {
    const usage = `${act.name} <sink>`;
    const asked = act.needsReason
      ? changing(sub(usage, act.what))
      : sub(usage, act.what).option('--dry-run', 'say what would be done and do nothing');
    asked.action((sink: string, options: Options) => change(io, access, options, sink, act));
  }
  examples(verb, [
    ['whorl notify list', 'every sink and how it goes'],
    ['whorl notify test ops', 'does it arrive?'],
    ['whorl notify pause ops --reason "the chat moves"', 'what is news meanwhile waits'],
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
  sink: string,
  { name, done, needsReason }: Act,
): Promise<void> {
  const body = needsReason ? { reason: reasonOf(options) } : {};
  if (options.dryRun === true) return io.err(`would ${name} the sink ${printable(sink, 64)}`);
  const answer = await access.open(io, options)({ method: 'POST', path: of(sink, name), body });
  show(io, options, answer, () => io.out(done(printable(sink, 64))));
}
