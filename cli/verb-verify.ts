import type { Command } from 'commander';
import { FingerprintError } from '../fingerprint/errors.ts';
import { parseImageRef } from '../fingerprint/image-ref.ts';
import { readSignedPolicy, verifyPolicyChain } from '../fingerprint/policy-chain.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { Platform } from '../fingerprint/statement-options.ts';
import type { TrustedKey, TrustPolicy } from '../fingerprint/trust-policy.ts';
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
import { type Accepted, openVerifyState, type VerifyState } from './verify-state.ts';
import { fingerprintSentence, toldOfFingerprint } from './verify-words.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxBytes = 32 * 1024 * 1024;

interface Options {
  readonly trust?: string;
  readonly key?: string;
  readonly image?: string;
  readonly platform?: string;
  readonly fingerprint?: string;
  readonly state?: string;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('verify')
    .description(
      'prove who signed a fingerprint, for what, and how far it may go; exit 3 when it may not be trusted',
    )
    .argument('<fingerprint>', 'signed envelope or Sigstore bundle; also an overlay, approval or policy')
    .option('--trust <policy.json>', 'trust policy of this site')
    .option('--key <vendor.pub>', 'trust this one key for every image, alert at most')
    .option('--image <name@sha256:hex>', 'what is running: must be what was signed')
    .option('--platform <os/architecture>', 'what it runs on, such as linux/arm64')
    .option('--fingerprint <f.intoto.json>', 'of an overlay: what it must belong to')
    .option(
      '--state <file>',
      'what was accepted before: refuses older versions, and remembers this one (made when it is not there)',
    )
    .option('--json', 'one JSON object')
    .action((path: string, options: Options) => verify(io, path, options));
  examples(verb, [
    ['whorl verify cart.intoto.json --trust policy.json', 'signed by someone this site trusts?'],
    ['whorl verify cart.intoto.json --key vendor.pub', 'signed by this key?'],
    [
      'whorl verify cart.intoto.json --trust policy.json --state seen.json',
      'and no older than what was accepted before?',
    ],
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
  const platform = platformOf(options.platform);
  const state = options.state === undefined ? undefined : await openVerifyState(io, options.state);
  const bytes = await io.readFile(path, { maxBytes });
  try {
    const given = { policy, options, state, ...(platform === undefined ? {} : { platform }) };
    const { json, sentence, warnings, accepted } = await toldBy(io, bytes, given);
    // Remembered before it is said: whoever acts on the answer acts on what cannot come back older.
    if (accepted !== undefined) await state?.accept(accepted);
    io.out(options.json === true ? JSON.stringify(json) : sentence);
    for (const warning of warnings) io.err(`warning: ${warning.message} (${warning.code})`);
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    const { code, field, message } = error;
    if (options.json === true) io.out(JSON.stringify({ ok: false, code, field, message }));
    throw fromFingerprintError(error, fileName(path), exitCodes.trust);
  }
}

interface Given {
  readonly policy: TrustPolicy;
  readonly options: Options;
  readonly state: VerifyState | undefined;
  readonly platform?: Platform;
}

interface ToldOf {
  readonly json: object;
  readonly sentence: string;
  readonly warnings: VerifiedFingerprint['warnings'];
  /** What is remembered of it: policies have versions of their own. */
  readonly accepted?: Accepted;
}

/** @throws FingerprintError with the code of the first step that fails */
async function toldBy(io: Io, bytes: Uint8Array, given: Given): Promise<ToldOf> {
  const { policy, options, state } = given;
  const { seen, recorded } = state ?? {};
  const context = {
    now: io.now(),
    ...(seen === undefined ? {} : { seen }),
    ...(recorded === undefined ? {} : { recorded }),
  };
  switch (kindOfEnvelope(bytes)) {
    case 'overlay': {
      const verified = verifyOverlay(bytes, policy, { ...context, ...(await baseOf(io, options, policy)) });
      const { stream, digest, overlay } = verified;
      const accepted = { stream, digest, version: overlay.version, signers: idsOf(verified.signers) };
      return { json: toldOfOverlay(verified), sentence: overlaySentence(verified), warnings: [], accepted };
    }
    case 'approval': {
      const verified = verifyApproval(bytes, policy, context);
      const { stream, digest, approval } = verified;
      const accepted = { stream, digest, version: approval.version, signers: idsOf(verified.signers) };
      return { json: toldOfApproval(verified), sentence: approvalSentence(verified), warnings: [], accepted };
    }
    case 'trust-policy':
      return toldOfPolicy(bytes, policy, context.now);
    case 'base': {
      const { image } = options;
      const running = { ...(image === undefined ? {} : { image }), ...platformIn(given) };
      const verified = verifyFingerprint(bytes, policy, { ...context, ...running });
      const { stream, digest, fingerprint, warnings } = verified;
      const signers = verified.signers.map((s) => s.keyId);
      return {
        json: toldOfFingerprint(verified),
        sentence: fingerprintSentence(verified, policy),
        warnings,
        accepted: { stream, digest, version: fingerprint.version, signers },
      };
    }
  }
}

function idsOf(signers: readonly TrustedKey[]): readonly string[] {
  return signers.map(({ key }) => key.keyId);
}

function platformIn({ platform }: Given): { platform?: Platform } {
  return platform === undefined ? {} : { platform };
}

/** Whether it may follow the policy that is trusted now. */
function toldOfPolicy(bytes: Uint8Array, policy: TrustPolicy, now: number): ToldOf {
  const { version } = verifyPolicyChain(bytes, policy, now);
  const { digest } = readSignedPolicy(bytes);
  return {
    json: { ok: true, kind: 'trust-policy', digest, version, follows: policy.version },
    sentence: `Trust policy version ${version} may follow version ${policy.version}: enough root keys of both signed it. Digest ${digest}.`,
    warnings: [],
  };
}

/** @throws CliError */
function platformOf(text: string | undefined): Platform | undefined {
  if (text === undefined) return undefined;
  const [os, architecture, ...more] = text.split('/');
  const isWord = (word: string | undefined): word is string =>
    word !== undefined && /^[a-z0-9._-]+$/.test(word);
  if (isWord(os) && isWord(architecture) && more.length === 0) return { os, architecture };
  throw new CliError(
    exitCodes.usage,
    '--platform must be an operating system and an architecture',
    'such as linux/arm64',
  );
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
