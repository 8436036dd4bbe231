import type { Command } from 'commander';
import { sha256Hex } from '../fingerprint/digest.ts';
import { type ExportOptions, exportPredicate } from '../fingerprint/export-predicate.ts';
import type { Baseline } from '../fingerprint/fingerprint.ts';
import { formatImageRef, isDigest, unpushedDigest } from '../fingerprint/image-ref.ts';
import { predicateType } from '../fingerprint/statement-frame.ts';
import { readBaseline } from './baseline-file.ts';
import { defaultStream } from './default-stream.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';
import { statementOptions } from './statement-options.ts';

interface Options {
  readonly out: string;
  readonly stream?: string;
  readonly fingerprintVersion: string;
  readonly issuedAt?: string;
  readonly expires?: string;
  readonly supersedes?: string;
  readonly allowSecret: readonly string[];
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly reason?: string;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('export')
    .description('write a baseline in a form that other tools take: predicate')
    // So that an unknown kind gets the same answer as none.
    .allowExcessArguments()
    .action(() => {
      throw new CliError(
        exitCodes.usage,
        'say what to export: predicate (for `cosign attest` and actions/attest)',
        'see whorl export --help',
      );
    });
  examples(verb, [
    ['whorl export predicate cart.json --out predicate.json', 'what `cosign attest --predicate` takes'],
  ]);
  registerPredicate(verb, io);
}

function registerPredicate(verb: Command, io: Io): void {
  const predicate = verb
    .command('predicate')
    .description('the predicate alone: cosign or actions/attest name the image and sign')
    .argument('<baseline>', 'what `whorl learn` or `whorl record` wrote')
    .requiredOption('--out <predicate.json>', 'where the predicate goes')
    .option('--stream <name>', 'sequence its versions count in (default: as `whorl sign` has it)')
    .option('--fingerprint-version <n>', 'larger than every earlier one of the stream', '1')
    .option('--issued-at <time>', 'default: SOURCE_DATE_EPOCH, or now')
    .option('--expires <time>', 'after it, alert at most')
    .option('--supersedes <sha256:hex>', 'digest of the fingerprint this one replaces')
    .option('--allow-secret <id>', 'export although the scanner found this; may be repeated', collect, [])
    .option('--json', 'one JSON object');
  changing(predicate).action((path: string, options: Options) => exportTo(io, path, options));
  examples(predicate, [
    ['whorl export predicate cart.json --out predicate.json', 'version 1, issued now'],
    [
      `cosign attest --key cosign.key --predicate predicate.json --type ${predicateType} IMAGE@DIGEST`,
      'sign it with a P-256 key of cosign; `whorl verify --key cosign.pub` reads the result',
    ],
  ]);
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

async function exportTo(io: Io, path: string, options: Options): Promise<void> {
  const chosen = chosenOptions(io, options);
  const baseline = await readBaseline(io, path);
  const stream = options.stream ?? defaultStream(baseline);
  const bytes = about(fileName(path), () => exportPredicate(baseline, { ...chosen, stream }));
  if (options.dryRun === true) io.err(`would write ${fileName(options.out)}`);
  // The same input gives the same bytes: nothing is lost when an earlier one is replaced.
  else await io.writeFile(options.out, bytes, { overwrite: true });
  if (options.json === true) {
    const { out, reason } = options;
    const why = reason === undefined ? {} : { reason };
    io.out(JSON.stringify({ out, predicateType, stream, sha256: sha256Hex(bytes), ...why }));
  } else io.out(fileName(options.out));
  io.err(nextStep(baseline, options.out));
}

/** Everything the command line says, checked before any file is read. */
function chosenOptions(io: Io, options: Options): Omit<ExportOptions, 'stream'> {
  const { supersedes } = options;
  if (supersedes !== undefined && !isDigest(supersedes)) {
    throw new CliError(exitCodes.usage, '--supersedes must be sha256: and 64 lower-case hex digits');
  }
  return {
    ...statementOptions(io, ['--fingerprint-version', options.fingerprintVersion], options),
    allowSecrets: options.allowSecret,
    ...(supersedes === undefined ? {} : { supersedes }),
  };
}

/** Nothing binds a predicate to an image: whoever signs it must name the one it was learned from. */
function nextStep({ subject }: Baseline, out: string): string {
  const image =
    subject.digest === unpushedDigest ? `${subject.name}@DIGEST, the pushed one` : formatImageRef(subject);
  return `sign it for ${image}: cosign attest --predicate ${fileName(out)} --type ${predicateType}`;
}
