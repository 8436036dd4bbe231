import type { Command } from 'commander';
import { documentKind } from '../fingerprint/document-kind.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { isDigest, isSubjectName, parseImageRef } from '../fingerprint/image-ref.ts';
import type { PrivateKey } from '../fingerprint/keys.ts';
import { type SignedFingerprint, type SignOptions, signFingerprint } from '../fingerprint/sign.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { parsedBaseline } from './baseline-file.ts';
import { countersignFile } from './countersign-file.ts';
import { defaultStream } from './default-stream.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readPrivateKey } from './key-file.ts';
import { type PassphraseOptions, passphraseOptions } from './passphrase.ts';
import { type PushOptions, pushOptions, pushSigned } from './push.ts';
import { fileName } from './read-file.ts';
import { type RegistryOptions, registryOptions } from './registry-access.ts';
import { pushedImage, pushedReference } from './sign-image.ts';
import { statementOptions } from './statement-options.ts';

/** Room for a baseline of 20 000 entries, and for an envelope that is to be refused by its own code. */
const maxBytes = 32 << 20;
const firstVersion = '1';

interface Options extends PassphraseOptions, PushOptions, RegistryOptions {
  readonly key: string;
  readonly out: string;
  readonly bundle?: string;
  readonly image?: string;
  readonly platform?: string;
  readonly stream?: string;
  readonly fingerprintVersion: string;
  readonly issuedAt?: string;
  readonly expires?: string;
  readonly supersedes?: string;
  readonly allowSecret: readonly string[];
  readonly json?: boolean;
  readonly reason?: string;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('sign')
    .description(
      'sign a baseline: from then on it is a fingerprint; or add a signature to what others signed',
    )
    .argument('<baseline>', 'what `whorl learn` or `whorl record` wrote, or a signed envelope to countersign')
    .requiredOption('--key <name.key>', 'private key')
    .requiredOption('--out <f.intoto.json>', 'the signed envelope')
    .option('--bundle <b.json>', 'the same signature as a Sigstore bundle')
    .option(
      '--image <ref>',
      'repository to sign for, or NAME@sha256:HEX; NAME:TAG is looked up, and all its digests are signed for',
    )
    .option('--platform <os/arch>', 'of an image for several the one that was learned on, or all')
    .option(
      '--stream <name>',
      'sequence its versions count in (default: the repository, with the owner where it has a scope)',
    )
    .option('--fingerprint-version <n>', 'larger than every earlier one of the stream', firstVersion)
    .option('--issued-at <time>', 'default: SOURCE_DATE_EPOCH, or now')
    .option('--expires <time>', 'after it, alert at most')
    .option('--supersedes <sha256:hex>', 'digest of the fingerprint this one replaces')
    .option('--allow-secret <id>', 'sign although the scanner found this; may be repeated', collect, []);
  registryOptions(pushOptions(passphraseOptions(verb)))
    .option('--dry-run', 'check everything and write nothing')
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'one JSON object')
    .action((path: string, options: Options) => sign(io, path, options));
  examples(verb, [
    ['whorl sign cart.json --key vendor.key --out cart.intoto.json', 'version 1, signed now'],
    [
      'whorl sign cart.json --key vendor.key --out cart.intoto.json --image registry.example/shop/cart:1.4',
      'after the push: for the index, the manifests and configurations behind the tag',
    ],
    ['whorl sign cart.intoto.json --key second.key --out cart.intoto.json', 'a second signature'],
    [
      'whorl sign cart.json --key vendor.key --out cart.intoto.json --fingerprint-version 8 --expires 2027-05-01T00:00:00Z',
      'the next version, for a year',
    ],
  ]);
}

type Chosen = Omit<SignOptions, 'stream'> & { readonly stream?: string };
type Signed = Pick<SignedFingerprint, 'envelope' | 'digest'> & { readonly bundle?: Uint8Array };

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

async function sign(io: Io, path: string, options: Options): Promise<void> {
  if (options.bundle === options.out)
    throw new CliError(exitCodes.usage, '--out and --bundle name the same file');
  const chosen = chosenOptions(io, options);
  const bytes = await io.readFile(path, { maxBytes });
  const isSigned = isEnvelope(bytes);
  if (isSigned) assertNothingChosen(options);
  const key = await readPrivateKey(io, options.key, options);
  const signed = isSigned
    ? countersignFile(io, path, bytes, { key, allowSecrets: options.allowSecret })
    : await signBaseline(io, path, bytes, { key, options, chosen });
  if (options.dryRun === true) io.err(`would write ${fileName(options.out)}`);
  else await writeOut(io, options, signed);
  await pushSigned(io, options, signed.envelope);
  if (options.json === true) {
    const { out, reason } = options;
    const why = reason === undefined ? {} : { reason };
    io.out(JSON.stringify({ digest: signed.digest, keyId: key.publicKey.keyId, out, ...why }));
  } else io.out(`${fileName(options.out)} ${signed.digest}`);
}

function isEnvelope(bytes: Uint8Array): boolean {
  try {
    const kind = documentKind(parseJson(bytes, { bytes: maxBytes }));
    return kind === 'a signed envelope' || kind === 'a Sigstore bundle';
  } catch (error) {
    // What is wrong with it is told by the reader of baselines.
    if (error instanceof FingerprintError) return false;
    throw error;
  }
}

/** What an envelope says is said: nothing of it can be chosen any more. */
function assertNothingChosen(options: Options): void {
  const {
    image,
    stream,
    issuedAt,
    expires,
    supersedes,
    bundle,
    platform,
    fingerprintVersion: number,
  } = options;
  const version = number === firstVersion ? undefined : number;
  const chosen = {
    image,
    platform,
    stream,
    'fingerprint-version': version,
    'issued-at': issuedAt,
    expires,
    supersedes,
    bundle,
  };
  const given = Object.entries(chosen).find(([, value]) => value !== undefined)?.[0];
  if (given === undefined) return;
  throw new CliError(
    exitCodes.usage,
    `--${given} cannot be chosen for what is signed already`,
    'leave it out to countersign, or name the baseline to sign anew',
  );
}

async function signBaseline(
  io: Io,
  path: string,
  bytes: Uint8Array,
  given: { readonly key: PrivateKey; readonly options: Options; readonly chosen: Chosen },
): Promise<Signed> {
  const { options, chosen, key } = given;
  const baseline = parsedBaseline(bytes, path);
  const reference = pushedReference(baseline, options);
  const pushed = reference === undefined ? {} : await pushedImage(io, baseline, { reference, options });
  const settled = { ...chosen, ...pushed };
  const stream = chosen.stream ?? defaultStream(baseline, settled.image);
  return about(fileName(path), () => signFingerprint(baseline, { ...settled, stream }, key));
}

/** The same input gives the same bytes, so an earlier output may be replaced: nothing is lost. */
async function writeOut(io: Io, options: Options, signed: Signed): Promise<void> {
  await io.writeFile(options.out, signed.envelope, { overwrite: true });
  if (options.bundle !== undefined && signed.bundle !== undefined)
    await io.writeFile(options.bundle, signed.bundle, { overwrite: true });
}

/** Everything the command line says, checked before any file is read. */
function chosenOptions(io: Io, options: Options): Chosen {
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
