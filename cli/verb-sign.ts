import type { Command } from 'commander';
import { isDigest, isSubjectName, parseImageRef } from '../fingerprint/image-ref.ts';
import { type SignedFingerprint, type SignOptions, signFingerprint } from '../fingerprint/sign.ts';
import { readBaseline } from './baseline-file.ts';
import { defaultStream } from './default-stream.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readPrivateKey } from './key-file.ts';
import { type PassphraseOptions, passphraseOptions } from './passphrase.ts';
import { fileName } from './read-file.ts';
import { statementOptions } from './statement-options.ts';

interface Options extends PassphraseOptions {
  readonly key: string;
  readonly out: string;
  readonly bundle?: string;
  readonly image?: string;
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
    .command('sign')
    .description('sign a baseline: from then on it is a fingerprint')
    .argument('<baseline>', 'what `whorl learn` wrote')
    .requiredOption('--key <name.key>', 'private key')
    .requiredOption('--out <f.intoto.json>', 'the signed envelope')
    .option('--bundle <b.json>', 'the same signature as a Sigstore bundle')
    .option('--image <ref>', 'repository to sign for, or NAME@sha256:HEX')
    .option(
      '--stream <name>',
      'sequence its versions count in (default: the repository, with the owner where it has a scope)',
    )
    .option('--fingerprint-version <n>', 'larger than every earlier one of the stream', '1')
    .option('--issued-at <time>', 'default: SOURCE_DATE_EPOCH, or now')
    .option('--expires <time>', 'after it, alert at most')
    .option('--supersedes <sha256:hex>', 'digest of the fingerprint this one replaces')
    .option('--allow-secret <id>', 'sign although the scanner found this; may be repeated', collect, []);
  passphraseOptions(verb)
    .option('--dry-run', 'check everything and write nothing')
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'one JSON object')
    .action((path: string, options: Options) => sign(io, path, options));
  examples(verb, [
    ['whorl sign cart.json --key vendor.key --out cart.intoto.json', 'version 1, signed now'],
    [
      'whorl sign cart.json --key vendor.key --out cart.intoto.json --fingerprint-version 8 --expires 2027-05-01T00:00:00Z',
      'the next version, for a year',
    ],
  ]);
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

async function sign(io: Io, path: string, options: Options): Promise<void> {
  if (options.bundle === options.out)
    throw new CliError(exitCodes.usage, '--out and --bundle name the same file');
  const chosen = chosenOptions(io, options);
  const baseline = await readBaseline(io, path);
  const key = await readPrivateKey(io, options.key, options);
  const signed = about(fileName(path), () =>
    signFingerprint(
      baseline,
      { ...chosen, stream: chosen.stream ?? defaultStream(baseline, options.image) },
      key,
    ),
  );
  if (options.dryRun === true) io.err(`would write ${fileName(options.out)}`);
  else await writeOut(io, options, signed);
  if (options.json === true) {
    const { out, reason } = options;
    const why = reason === undefined ? {} : { reason };
    io.out(JSON.stringify({ digest: signed.digest, keyId: key.publicKey.keyId, out, ...why }));
  } else io.out(`${fileName(options.out)} ${signed.digest}`);
}

/** The same input gives the same bytes, so an earlier output may be replaced: nothing is lost. */
async function writeOut(io: Io, options: Options, signed: SignedFingerprint): Promise<void> {
  await io.writeFile(options.out, signed.envelope, { overwrite: true });
  if (options.bundle !== undefined) await io.writeFile(options.bundle, signed.bundle, { overwrite: true });
}

/** Everything the command line says, checked before any file is read. */
function chosenOptions(io: Io, options: Options): Omit<SignOptions, 'stream'> & { readonly stream?: string } {
  const { supersedes, image, stream } = options;
  if (supersedes !== undefined && !isDigest(supersedes)) {
    throw new CliError(exitCodes.usage, '--supersedes must be sha256: and 64 lower-case hex digits');
  }
  if (image !== undefined && (!isSubjectName(image) || isDigest(image)))
    about('--image', () => parseImageRef(image), exitCodes.usage);
  return {
    ...statementOptions(io, ['--fingerprint-version', options.fingerprintVersion], options),
    allowSecrets: options.allowSecret,
    ...(supersedes === undefined ? {} : { supersedes }),
    ...(image === undefined ? {} : { image }),
    ...(stream === undefined ? {} : { stream }),
  };
}
