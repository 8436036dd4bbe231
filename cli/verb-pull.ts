import type { Command } from 'commander';
import type { Claims } from '../fingerprint/claims.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { printable } from '../fingerprint/printable.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { verifyFingerprint } from '../fingerprint/verify.ts';
import { discover } from '../registry/discover.ts';
import type { KnownImage } from '../registry/image.ts';
import { parseReference } from '../registry/reference.ts';
import { findAttached, type ImageAt, platformHere } from './attached.ts';
import { chosenPolicy } from './chosen-policy.ts';
import { CliError, exitCodes, fromFingerprintError } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { type Candidate, candidatesOf, nothingAttached, oneStream, tellUnseen } from './newest-attached.ts';
import { type PushOptions, pushOptions, pushSigned } from './push.ts';
import { fileName } from './read-file.ts';
import { platformOption, type RegistryOptions, registryOptions, withRegistries } from './registry-access.ts';
import { writeStatements } from './statement-files.ts';

interface Options extends RegistryOptions, PushOptions {
  readonly out?: string;
  readonly trust?: string;
  readonly key?: string;
  readonly platform?: string;
  readonly stream?: string;
  readonly all?: boolean;
  readonly outDir?: string;
  readonly json?: boolean;
  readonly reason?: string;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('pull')
    .description(
      'fetch the newest fingerprint published beside an image; with --trust or --key the newest that verifies',
    )
    .argument('<image>', 'registry.example/shop/cart:1.4 or …@sha256:HEX')
    .option('--out <f.intoto.json>', 'where to write it')
    .option('--trust <policy.json>', 'trust policy of this site: what it refuses is not taken')
    .option('--key <vendor.pub>', 'believe this one key')
    .option('--platform <os/arch>', 'of an image for several (default: of this machine)')
    .option('--stream <name>', 'of several sequences this one')
    .option('--all', 'everything that is published, unchecked, with --out-dir')
    .option('--out-dir <dir>', 'for --all: one file for each');
  changing(registryOptions(pushOptions(verb)))
    .option('--json', 'one JSON object')
    .action((image: string, options: Options) => run(io, image, options));
  examples(verb, [
    [
      'whorl pull registry.example/shop/cart:1.4 --trust policy.json --out cart.intoto.json',
      'the newest that this site trusts',
    ],
    [
      'whorl pull registry.example/shop/cart:1.4 --trust policy.json --out cart.intoto.json --push',
      'the same, and every agent judges by it at once',
    ],
    [
      'whorl pull registry.example/shop/cart:1.4 --out cart.intoto.json',
      'the newest by its own word; nobody checked it',
    ],
    ['whorl pull registry.example/shop/cart:1.4 --all --out-dir attached', 'everything there is'],
  ]);
}

async function run(io: Io, image: string, options: Options): Promise<void> {
  assertOptions(options);
  const policy =
    options.trust === undefined && options.key === undefined ? undefined : await chosenPolicy(io, options);
  const wanted = options.platform === undefined ? undefined : platformOption(options.platform);
  await withRegistries(io, options, async (registries) => {
    const reference = parseReference(image);
    const source = registries.reader(reference);
    const choose =
      options.all === true ? () => wanted : (known: KnownImage) => wanted ?? platformHere(io, known);
    const at = await findAttached(io, source, reference, choose);
    const discovered = await discover(source, at.digests);
    tellUnseen(io, discovered);
    if (options.all === true) return writeStatements(io, options.outDir ?? '.', discovered.found, options);
    const candidates = candidatesOf(discovered, { stream: options.stream, platform: at.platform });
    if (candidates.length === 0) throw nothingAttached(at, discovered);
    const taken =
      policy === undefined ? unchecked(io, candidates) : newestTrusted(io, candidates, { at, policy });
    if (options.dryRun === true) io.err(`would write ${fileName(options.out ?? '')}`);
    else await io.writeFile(options.out ?? '', taken.bytes, { overwrite: true });
    await pushSigned(io, options, taken.bytes);
    tell(io, taken, { at, options, isVerified: policy !== undefined });
  });
}

function assertOptions({ all, out, outDir, trust, key, stream, push }: Options): void {
  const usage = (what: string, then: string): CliError => new CliError(exitCodes.usage, what, then);
  if (push === true && trust === undefined)
    throw usage('what nobody checked is not handed on', 'give --trust POLICY.json with --push');
  if (all !== true) {
    if (out === undefined) throw usage('where to write it is not said', 'give --out F.intoto.json');
    if (outDir !== undefined) throw usage('--out-dir goes with --all', 'give --out for one file');
    return;
  }
  if (outDir === undefined || out !== undefined)
    throw usage('--all writes one file for each statement', 'give --out-dir DIR, and no --out');
  if (trust !== undefined || key !== undefined || stream !== undefined)
    throw usage('--all takes everything, unchecked', 'check each file with whorl verify afterwards');
}

function unchecked(io: Io, candidates: readonly Candidate[]): Candidate {
  const newest = oneStream(candidates);
  io.err(
    'NOBODY CHECKED THIS: it is the newest by its own word; give --trust POLICY.json or --key VENDOR.pub',
  );
  return newest;
}

/** From the newest down; what is refused is said, so that a version somebody only claims hides no real one silently. */
function newestTrusted(
  io: Io,
  candidates: readonly Candidate[],
  given: { readonly at: ImageAt; readonly policy: TrustPolicy },
): Candidate {
  const good: Candidate[] = [];
  let first: FingerprintError | undefined;
  for (const candidate of candidates) {
    try {
      const verified = verifyFingerprint(
        candidate.bytes,
        given.policy,
        contextFor(io, candidate.claims, given.at),
      );
      for (const { message, code } of verified.warnings) io.err(`warning: ${message} (${code})`);
      good.push(candidate);
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
      first ??= error;
      io.err(`passed over ${nameFor(candidate.claims)}: ${printable(error.message, 300)} (${error.code})`);
    }
  }
  if (good.length > 0) return oneStream(good);
  if (first === undefined) throw new CliError(exitCodes.internal, 'nothing was looked at');
  throw fromFingerprintError(first, 'what is published there', exitCodes.trust);
}

/** The very image that was resolved, under whichever of its digests the statement names. */
function contextFor(io: Io, { subjects }: Claims, at: ImageAt) {
  const digests = subjects.map((s) => s.digest);
  const digest = at.identities.find((d) => digests.includes(d)) ?? at.digest;
  const platform = at.platform === undefined ? {} : { platform: at.platform };
  return { now: io.now(), image: `${at.name}@${digest}`, ...platform };
}

function nameFor({ options, digest }: Claims): string {
  return `version ${options.version} of ${printable(options.stream, 200)} (${digest.slice(0, 19)}…)`;
}

function tell(
  io: Io,
  { claims, bytes }: Candidate,
  told: { readonly at: ImageAt; readonly options: Options; readonly isVerified: boolean },
): void {
  const { at, options, isVerified } = told;
  const out = options.out ?? '';
  const { stream, version, issuedAt } = claims.options;
  const { reason } = options;
  if (options.json === true) {
    const image = `${at.name}@${at.digest}`;
    io.out(
      JSON.stringify({
        out,
        image,
        digest: claims.digest,
        stream,
        version,
        issuedAt,
        bytes: bytes.length,
        verified: isVerified,
        ...(reason === undefined ? {} : { reason }),
      }),
    );
  } else io.out(`${fileName(out)} ${claims.digest}`);
  io.err(`${nameFor(claims)}, ${isVerified ? 'verified for this image' : 'not verified'}`);
}
