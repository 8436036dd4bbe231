import type { Command } from 'commander';
import type { ApprovalScope, ApprovedFingerprint } from '../fingerprint/approval.ts';
import { sha256Hex } from '../fingerprint/digest.ts';
import { signApproval } from '../fingerprint/sign-approval.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { type Mode, minMode, modes } from '../fingerprint/verdict.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../fingerprint/verify.ts';
import { verifyApproval } from '../fingerprint/verify-approval.ts';
import { baseAmong, type VerifiedOverlay, verifyOverlay } from '../fingerprint/verify-overlay.ts';
import { nextApprovalVersion } from './approval-next.ts';
import { previewCaveats, previewSentences } from './approval-preview.ts';
import { approvalSentences } from './approval-words.ts';
import { choice } from './choice.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readPrivateKey } from './key-file.ts';
import { readTrustPolicy } from './policy-file.ts';
import { fileName } from './read-file.ts';
import {
  assertBelieved,
  collect,
  deliver,
  type SiteSignatureOptions,
  siteSignatureOptions,
} from './site-signature.ts';
import { statementOptions } from './statement-options.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxBytes = 32 << 20;

interface Options extends SiteSignatureOptions {
  readonly trust: string;
  readonly mode: string;
  readonly cluster: readonly string[];
  readonly namespace: readonly string[];
  readonly owner: readonly string[];
  readonly overlay: readonly string[];
  readonly carry: string;
  readonly expires?: string;
  readonly stream?: string;
  readonly approvalVersion?: string;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('approve')
    .description('decide for this site how far a reaction to drift from fingerprints may go')
    .argument('<fingerprints...>', 'signed fingerprints, all under one signature')
    .requiredOption('--trust <policy.json>', 'trust policy of this site: each fingerprint is verified first')
    .addOption(
      choice('--mode <mode>', `the most that may be done: ${modes.join(', ')}`, modes).makeOptionMandatory(),
    )
    .option('--cluster <name>', 'only there; may be repeated', collect, [])
    .option('--namespace <name>', 'only there; may be repeated', collect, [])
    .option('--owner <namespace/owner>', 'only its copies; may be repeated', collect, [])
    .option('--overlay <o.intoto.json>', 'overlay that was looked at together; may be repeated', collect, [])
    .option(
      '--carry <how>',
      'repository: later digests too, as far as is safe; digest: this one alone',
      'repository',
    )
    .option('--expires <time>', 'after it nothing of this is approved any more')
    .option('--stream <name>', 'sequence its versions count in (default: that of the fingerprint)')
    .option(
      '--approval-version <n>',
      'default: one more than what --out holds and the policy believes, else 1',
    );
  siteSignatureOptions(verb, 'the signed approval').action((paths: string[], options: Options) =>
    approve(io, paths, options),
  );
  examples(verb, [
    [
      'whorl approve cart.intoto.json --trust policy.json --key ada.key --mode kill --reason CHG-4711 --out cart.approval.json',
      'drift of cart may be stopped',
    ],
    [
      'whorl approve *.intoto.json --trust policy.json --key ada.key --mode freeze --namespace shop --reason CHG-4712 --out shop.approval.json --push',
      'many at once, in one namespace, at once in force',
    ],
  ]);
}

interface Looked {
  /** The files of fingerprint and overlays as they were read. */
  readonly files: readonly Uint8Array[];
  readonly base: VerifiedFingerprint;
  readonly overlays: readonly VerifiedOverlay[];
}

async function approve(io: Io, paths: readonly string[], options: Options): Promise<void> {
  const mode = wordOf('--mode', options.mode, modes);
  const carry = wordOf('--carry', options.carry, ['repository', 'digest'] as const);
  const policy = await readTrustPolicy(io, options.trust);
  const looked = await lookAt(io, paths, options, policy);
  for (const { base, overlays } of looked) {
    assertRaisable(base, mode);
    const all = options.dryRun === true;
    for (const sentence of previewSentences(base, overlays, { all })) io.err(sentence);
    for (const caveat of previewCaveats(base, mode, minMode(base.maxMode, mode))) io.err(caveat);
  }
  const scope = scopeFrom(options);
  const items = looked.map(({ base, overlays }): ApprovedFingerprint => {
    const digests = overlays.map((o) => o.digest);
    const together = digests.length === 0 ? {} : { overlays: digests };
    const { subject: image } = base.fingerprint;
    return {
      image,
      fingerprint: base.digest,
      ...together,
      mode,
      ...(scope === undefined ? {} : { scope }),
      carry,
    };
  });
  const stream = options.stream ?? streamOf(looked, scope);
  const version = options.approvalVersion ?? (await nextApprovalVersion(io, options.out, stream, policy));
  const chosen = { stream, ...statementOptions(io, ['--approval-version', version], options) };
  const content = { items, reason: options.reason };
  for (const sentence of approvalSentences({ ...content, ...chosen })) io.err(sentence);
  const key = await readPrivateKey(io, options.key, options);
  const signed = about('the approval', () => signApproval(content, chosen, key), exitCodes.usage);
  assertBelieved(io, options, () => verifyApproval(signed.envelope, policy, { now: io.now() }));
  const { keyId } = key.publicKey;
  const more = { stream, version: chosen.version, keyId, items };
  await deliver(
    io,
    options,
    signed,
    more,
    looked.flatMap(({ files }) => files),
  );
}

function wordOf<T extends string>(option: string, given: string, words: readonly T[]): T {
  const word = words.find((w) => w === given);
  if (word !== undefined) return word;
  throw new CliError(exitCodes.usage, `${option} must be one of ${words.join(', ')}`);
}

async function lookAt(
  io: Io,
  paths: readonly string[],
  options: Options,
  policy: TrustPolicy,
): Promise<readonly Looked[]> {
  const bases = await verifiedFiles(io, paths, (bytes) =>
    verifyFingerprint(bytes, policy, { now: io.now() }),
  );
  const known = bases.map(({ verified }) => verified);
  const twice = known.find((b, i) => known.findIndex((other) => other.digest === b.digest) !== i);
  if (twice !== undefined)
    throw new CliError(exitCodes.usage, `the fingerprint ${twice.digest} is named twice`);
  const overlays = await verifiedFiles(io, options.overlay, (bytes) => {
    const overlay = verifyOverlay(bytes, policy, { now: io.now() });
    return { overlay, base: baseAmong(overlay, known) };
  });
  return bases.map(({ bytes, verified: base }) => {
    const own = overlays.filter(({ verified }) => verified.base === base);
    return {
      base,
      overlays: own.map(({ verified }) => verified.overlay),
      files: [bytes, ...own.map((o) => o.bytes)],
    };
  });
}

async function verifiedFiles<T>(
  io: Io,
  paths: readonly string[],
  verify: (bytes: Uint8Array) => T,
): Promise<readonly { readonly bytes: Uint8Array; readonly verified: T }[]> {
  const all: { readonly bytes: Uint8Array; readonly verified: T }[] = [];
  for (const path of paths) {
    const bytes = await io.readFile(path, { maxBytes });
    all.push({ bytes, verified: about(fileName(path), () => verify(bytes), exitCodes.trust) });
  }
  return all;
}

/** Signed by a collector alone it stays at alert, whoever approves: the approval would be a promise that nothing keeps. */
function assertRaisable({ provisional, digest }: VerifiedFingerprint, mode: Mode): void {
  if (!provisional || mode === 'observe' || mode === 'alert') return;
  throw new CliError(
    exitCodes.usage,
    `the fingerprint ${digest} was learned and signed by a collector alone, and never goes beyond alert`,
    'look at the baseline and sign it yourself first: whorl sign',
  );
}

function scopeFrom({ cluster, namespace, owner }: Options): ApprovalScope | undefined {
  const scope = {
    ...(cluster.length === 0 ? {} : { clusters: cluster }),
    ...(namespace.length === 0 ? {} : { namespaces: namespace }),
    ...(owner.length === 0 ? {} : { owners: owner }),
  };
  return Object.keys(scope).length === 0 ? undefined : scope;
}

/**
 * What is decided about other fingerprints or in another scope must not take this one's place: only the same question
 * asked again does.
 */
function streamOf(looked: readonly Looked[], scope: ApprovalScope | undefined): string {
  const [first, ...others] = looked.map(({ base }) => base.fingerprint.stream);
  if (first !== undefined && others.length === 0 && scope === undefined) return first;
  const about = JSON.stringify([[first, ...others].toSorted(), scope ?? {}]);
  const hash = sha256Hex(new TextEncoder().encode(about)).slice(0, 12);
  return others.length === 0 ? `${first}#${hash}` : `list/${hash}`;
}
