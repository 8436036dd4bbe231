import { Command, CommanderError, Help, type Option } from 'commander';
import { FingerprintError } from '../fingerprint/errors.ts';
import { CliError, exitCodes, fromFingerprintError } from './exit.ts';
import type { Io } from './io.ts';
import { processIo } from './process-io.ts';
import { explainSystemError } from './system-error.ts';
import { styled } from './text.ts';
import { verbs } from './verbs.ts';
import { version } from './version.ts';

/** For closing what is open, and for V8 to finish what it compiles. */
const graceMs = 250;

/** The command tree. With `only`, that verb alone is loaded. */
export async function buildProgram(io: Io, only?: string): Promise<Command> {
  const program = new Command('whorl')
    .description(
      'Learns what software does, has it approved and signed, watches every copy, stops the one that starts to do something else.',
    )
    .version(version(), '-V, --version')
    .option('--no-color', 'no colours, also not on a terminal (as NO_COLOR)')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
      outputError: (text, write) => write(`whorl: ${sentence(text)}; see ${called(only)} --help`),
    })
    .configureHelp({ optionDescription })
    .exitOverride();
  program.addHelpText(
    'before',
    'Examples:\n  whorl demo      # the whole story in half a minute, on this machine\n  whorl up        # learn and watch what runs here\n  whorl doctor    # what is missing and how to mend it\n',
  );
  program.addHelpText(
    'after',
    '\nExit codes: 0 fine, no drift · 1 drift found, or more allowed · 2 usage · 3 signature or trust failure · 4 incomplete evidence · 5 network · 70 internal',
  );
  for (const [name, load] of Object.entries(verbs)) {
    if (only === undefined || only === name) (await load()).register(program, io);
  }
  return program;
}

function called(verb: string | undefined): string {
  return verb === undefined ? 'whorl' : `whorl ${verb}`;
}

/** What may be repeated begins empty; nobody needs to read `(default: [])`. */
function optionDescription(option: Option): string {
  return new Help().optionDescription(option).replace(' (default: [])', '');
}

/** What commander says on several lines, in one. */
function sentence(text: string): string {
  return text
    .replace(/^error: /, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
}

/** The verb that the arguments name, so that nothing else needs to be loaded; `completion` is about them all. */
function namedVerb(argv: readonly string[]): string | undefined {
  const first = argv.find((a) => !a.startsWith('-'));
  if (first === 'completion') return undefined;
  return first !== undefined && Object.hasOwn(verbs, first) ? first : undefined;
}

/** Whatever went wrong, as one sentence, a hint and a code. */
function failure(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof FingerprintError) return fromFingerprintError(error, 'input');
  const system = explainSystemError(error, 'cannot go on');
  if (system !== undefined) return system;
  const message = error instanceof Error ? error.message : String(error);
  return new CliError(
    exitCodes.internal,
    `internal error: ${message.split('\n', 1)[0] ?? ''}`,
    'this is a defect of whorl; WHORL_DEBUG=1 shows where',
    {
      cause: error,
    },
  );
}

function report(io: Io, error: unknown): void {
  const told = failure(error);
  io.err([
    styled('red', 'whorl: '),
    told.hint === undefined ? told.message : `${told.message}; ${told.hint}`,
  ]);
  if ((io.env.WHORL_DEBUG ?? '') !== '') io.err(stackOf(told.cause instanceof Error ? told.cause : error));
  io.exit(told.exitCode);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Runs one command line. Never throws; the exit code goes to `io`. @returns whether it could do what was asked */
export async function main(argv: readonly string[], io: Io): Promise<boolean> {
  try {
    if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
      io.out(version());
      return true;
    }
    const program = await buildProgram(io, namedVerb(argv));
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' });
    return true;
  } catch (error) {
    if (error instanceof CommanderError) io.exit(error.exitCode === 0 ? exitCodes.fine : exitCodes.usage);
    else report(io, error);
    return false;
  }
}

if (import.meta.main) {
  const io = processIo();
  process.stdout.on('error', (error) => {
    // `whorl … | head` closes our stdout: nobody is left to tell. A full disk is another thing: the answer is not there.
    if (!('code' in error && error.code === 'EPIPE'))
      report(io, explainSystemError(error, 'cannot write to stdout') ?? error);
    process.exit();
  });
  process.on('uncaughtException', (error) => {
    report(io, error);
    process.exit();
  });
  if (!(await main(process.argv.slice(2), io))) endSoon();
}

/**
 * What a verb had opened before it failed must not keep the process alive. Yet one that leaves at once, while V8 compiles
 * in the background, waits for that for ever in about one run of a hundred (nodejs/node#54918): a daemon that could not
 * start would stand there instead of being started again. So whoever has nothing open ends by itself.
 */
function endSoon(): void {
  setTimeout(() => process.exit(), graceMs).unref();
}
