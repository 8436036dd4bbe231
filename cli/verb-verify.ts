import type { Command } from 'commander';
import { FingerprintError } from '../fingerprint/errors.ts';
import { formatImageRef, parseImageRef } from '../fingerprint/image-ref.ts';
import { printable } from '../fingerprint/printable.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../fingerprint/verify.ts';
import { verifyApproval } from '../fingerprint/verify-approval.ts';
import { verifyOverlay } from '../fingerprint/verify-overlay.ts';
import { approvalSentence, toldOfApproval } from './approval-words.ts';
import { chosenPolicy } from './chosen-policy.ts';
import { about, CliError, exitCodes, fromFingerprintError } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { overlaySentence, toldOfOverlay } from './overlay-words.ts';
import { fileName } from './read-file.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxBytes = 32 * 1024 * 1024;

interface Options {
  readonly trust?: string;
  readonly key?: string;
  readonly image?: string;
  readonly fingerprint?: string;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('verify')
    .description(
      'prove who signed a fingerprint, for what, and how far it may go; exit 3 when it may not be trusted',
    )
    .argument('<fingerprint>', 'signed envelope or Sigstore bundle; also an overlay or approval')
    .option('--trust <policy.json>', 'trust policy of this site')
    .option('--key <vendor.pub>', 'trust this one key for every image, alert at most')
    .option('--image <name@sha256:hex>', 'what is running: must be what was signed')
    .option('--fingerprint <f.intoto.json>', 'of an overlay: what it must belong to')
    .option('--json', 'one JSON object')
    .action((path: string, options: Options) => verify(io, path, options));
  examples(verb, [
    ['whorl verify cart.intoto.json --trust policy.json', 'signed by someone this site trusts?'],
    ['whorl verify cart.intoto.json --key vendor.pub', 'signed by this key?'],
    [
      'whorl verify cart.site.intoto.json --fingerprint cart.intoto.json --trust policy.json',
      'what does this site bind?',
    ],
  ]);
}

async function verify(io: Io, path: string, options: Options): Promise<void> {
  const image = options.image;
  if (image !== undefined) about('--image', () => parseImageRef(image), exitCodes.usage);
  const policy = await chosenPolicy(io, options);
  const bytes = await io.readFile(path, { maxBytes });
  try {
    const { json, sentence, warnings } = await toldBy(io, bytes, policy, options);
    io.out(options.json === true ? JSON.stringify(json) : sentence);
    for (const warning of warnings) io.err(`warning: ${warning.message} (${warning.code})`);
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    const { code, field, message } = error;
    if (options.json === true) io.out(JSON.stringify({ ok: false, code, field, message }));
    throw fromFingerprintError(error, fileName(path), exitCodes.trust);
  }
}

interface ToldOf {
  readonly json: object;
  readonly sentence: string;
  readonly warnings: VerifiedFingerprint['warnings'];
}

/** @throws FingerprintError with the code of the first step that fails */
async function toldBy(io: Io, bytes: Uint8Array, policy: TrustPolicy, options: Options): Promise<ToldOf> {
  const now = io.now();
  switch (kindOfEnvelope(bytes)) {
    case 'overlay': {
      const base = await baseOf(io, options, policy);
      const verified = verifyOverlay(bytes, policy, { now, ...base });
      return { json: toldOfOverlay(verified), sentence: overlaySentence(verified), warnings: [] };
    }
    case 'approval': {
      const verified = verifyApproval(bytes, policy, { now });
      return { json: toldOfApproval(verified), sentence: approvalSentence(verified), warnings: [] };
    }
    case 'base':
    case 'trust-policy': {
      const { image } = options;
      const verified = verifyFingerprint(bytes, policy, { now, ...(image === undefined ? {} : { image }) });
      return { json: told(verified), sentence: sentence(verified), warnings: verified.warnings };
    }
  }
}

/** An overlay is about a fingerprint: the image it may speak of is the fingerprint's. */
async function baseOf(
  io: Io,
  { fingerprint, image }: Options,
  policy: TrustPolicy,
): Promise<{ base?: VerifiedFingerprint }> {
  if (image !== undefined && fingerprint === undefined) {
    throw new CliError(
      exitCodes.usage,
      'this is an overlay, which is bound to a fingerprint and not to an image',
      'give --fingerprint F.intoto.json',
    );
  }
  if (fingerprint === undefined) return {};
  const bytes = await io.readFile(fingerprint, { maxBytes });
  const context = { now: io.now(), ...(image === undefined ? {} : { image }) };
  return {
    base: about(fileName(fingerprint), () => verifyFingerprint(bytes, policy, context), exitCodes.trust),
  };
}

function told(verified: VerifiedFingerprint): object {
  const { digest, signers, rule, maxMode, warnings, fingerprint } = verified;
  const { subject, stream, version, issuedAt, expiresAt } = fingerprint;
  return {
    ok: true,
    digest,
    subject,
    stream,
    version,
    issuedAt,
    expiresAt,
    signers,
    rule,
    mode: maxMode,
    warnings,
  };
}

function sentence({ digest, signers, rule, maxMode, fingerprint }: VerifiedFingerprint): string {
  const { subject, stream, version, issuedAt, expiresAt } = fingerprint;
  const who = signers.map((s) => `${printable(s.owner, 80)} (key ${s.keyId.slice(0, 12)}…)`).join(' and ');
  const until = expiresAt === undefined ? 'without an end' : `until ${expiresAt}`;
  return (
    `${who} signed version ${version} of ${printable(stream)} for ${printable(formatImageRef(subject), 700)} ` +
    `on ${issuedAt}, ${until}; rule ${printable(rule)} lets it go as far as ${maxMode}. Digest ${digest}.`
  );
}
