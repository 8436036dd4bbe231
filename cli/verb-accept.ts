import type { Command } from 'commander';
import { grantsFor } from '../fingerprint/drift-grants.ts';
import type { BehaviourSet, Scope } from '../fingerprint/fingerprint.ts';
import { grantsOf } from '../fingerprint/grants.ts';
import { type OverlayContent, overlayBytes, parseOverlay } from '../fingerprint/overlay.ts';
import { signOverlay } from '../fingerprint/sign-overlay.ts';
import type { StatementOptions } from '../fingerprint/statement.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../fingerprint/verify.ts';
import { verifyOverlay } from '../fingerprint/verify-overlay.ts';
import { type AcceptFrom, chosenOf } from './accept-chosen.ts';
import { assertEffect, patternsFrom } from './accept-patterns.ts';
import { type Accepted, reviewAccepted } from './accept-review.ts';
import { acceptScope, scopeSentence } from './accept-scope.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { addedSentences, grantSentences } from './grant-words.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readPrivateKey } from './key-file.ts';
import { issuingMoment, momentOption } from './moment.ts';
import { earlierGrants, unitedGrants } from './overlay-next.ts';
import { readTrustPolicy } from './policy-file.ts';
import { fileName } from './read-file.ts';
import { sourceOption } from './recording.ts';
import { effectiveFrom, type SiteFiles } from './site-documents.ts';
import {
  assertBelieved,
  collect,
  deliver,
  type SiteSignatureOptions,
  siteSignatureOptions,
} from './site-signature.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxBytes = 32 << 20;

interface Options extends SiteSignatureOptions, SiteFiles, AcceptFrom {
  readonly trust: string;
  readonly as: readonly string[];
  readonly everywhere?: boolean;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly owner?: string;
  readonly stream?: string;
  readonly allowSecret: readonly string[];
  readonly review?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('accept')
    .description('grant what was observed, and nothing else, to whose copies it was observed at')
    .argument('<fingerprint>', 'signed fingerprint that it drifted from')
    .requiredOption('--trust <policy.json>', 'trust policy of this site')
    .option('--from <events>', 'recorded events, judged by the fingerprint; may be repeated', collect, [])
    .addOption(sourceOption())
    .option('--incident <id>', 'an incident of the running collector, by the beginning of its id')
    .option('--only <key|subject>', 'only this drift; may be repeated', collect, [])
    .option('--as <subject=pattern>', 'wider than observed: this pattern instead of that file', collect, [])
    .option('--until <time>', 'after it nothing of this is granted any more')
    .option('--everywhere', 'to all copies of the image, not only to those of the owner')
    .option('--cluster <name>', 'of recorded events: whose cluster; they do not say it')
    .option('--namespace <name>', 'of recorded events that do not say it')
    .option('--owner <owner>', 'of recorded events that do not say it')
    .option('--overlay <o.intoto.json>', 'what the site signed before; may be repeated', collect, [])
    .option('--approval <a.intoto.json>', 'what the site approved before; may be repeated', collect, [])
    .option('--stream <name>', 'sequence its versions count in (default: one of its own)')
    .option('--no-review', 'leave the incident open that --incident names; else --push closes it')
    .option('--allow-secret <id>', 'sign although the scanner found this; may be repeated', collect, []);
  siteSignatureOptions(verb, 'the signed overlay').action((path: string, options: Options) =>
    accept(io, path, options),
  );
  examples(verb, [
    [
      'whorl accept cart.intoto.json --trust policy.json --incident 3f9a --key ada.key --reason "new cache, CHG-4711" --out cart.accepted.json --push',
      'what this incident shows is normal here',
    ],
    [
      'whorl accept cart.intoto.json --trust policy.json --from night.jsonl --cluster eu --only redis.shop:6379 --until 2026-07-01T00:00:00Z --key ada.key --reason CHG-4711 --out cart.accepted.json',
      'one peer, until July',
    ],
  ]);
}

async function accept(io: Io, path: string, options: Options): Promise<void> {
  const policy = await readTrustPolicy(io, options.trust);
  const bytes = await io.readFile(path, { maxBytes });
  const verify = (): VerifiedFingerprint => verifyFingerprint(bytes, policy, { now: io.now() });
  const base = about(fileName(path), verify, exitCodes.trust);
  const effective = await effectiveFrom(io, base, options, policy);
  const { chosen, seen } = await chosenOf(io, base, effective, options);
  for (const sentence of chosen.leftOut) io.err(`left out: ${sentence}`);
  if (chosen.granted.length === 0) throw new CliError(exitCodes.usage, 'nothing is left to accept');
  const patterns = patternsFrom(options.as, chosen.granted);
  const add = grantsFor(chosen.granted, patterns);
  const scope = acceptScope(base, seen.workload, options);
  const { content, version, stream } = await contentOf(io, { base, policy }, add, scope, options);
  const chosenOptions = { stream, version, ...timesOf(io, options) };
  about('the overlay', () => parseOverlay(overlayBytes(content, chosenOptions)), exitCodes.usage);
  assertEffect(effective, add, chosen.granted, options.as);
  for (const sentence of addedSentences(add)) io.err(`grants: ${sentence}`);
  io.err(scopeSentence(base, content.scope));
  const digest = await sign(io, { base, policy, content, chosenOptions, leftOut: chosen.leftOut }, options);
  const until = chosenOptions.expiresAt;
  const accepted: Accepted = {
    seen,
    granted: chosen.granted.length,
    digest,
    ...(until === undefined ? {} : { until }),
  };
  await reviewAccepted(io, options, accepted);
}

interface ToSign {
  readonly base: VerifiedFingerprint;
  readonly policy: TrustPolicy;
  readonly content: OverlayContent;
  readonly chosenOptions: StatementOptions;
  readonly leftOut: readonly string[];
}

/** @returns its digest */
async function sign(io: Io, what: ToSign, options: Options): Promise<string> {
  const { base, policy, content, chosenOptions, leftOut } = what;
  const key = await readPrivateKey(io, options.key, options);
  const make = () => signOverlay(content, chosenOptions, key, options.allowSecret);
  const signed = about('the overlay', make, exitCodes.usage);
  assertBelieved(io, options, () => verifyOverlay(signed.envelope, policy, { now: io.now(), base }));
  const grants = grantsOf(content.add ?? { programs: [] });
  const sentences = grantSentences(grants);
  await deliver(io, options, signed, {
    base: base.digest,
    stream: chosenOptions.stream,
    version: chosenOptions.version,
    keyId: key.publicKey.keyId,
    ...(content.scope === undefined ? {} : { scope: content.scope }),
    grants: grants.map(({ id }, i) => ({ id, sentence: sentences[i] })),
    leftOut,
  });
  return signed.digest;
}

function timesOf(io: Io, options: Options): { issuedAt: string; expiresAt?: string } {
  const { issuedAt: at } = options;
  const issuedAt = at === undefined ? issuingMoment(io) : momentOption('--issued-at', at);
  const expiresAt = untilOf(options);
  if (expiresAt !== undefined && expiresAt <= issuedAt)
    throw new CliError(exitCodes.usage, `--until must be later than the time of signing, ${issuedAt}`);
  return { issuedAt, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

function untilOf({ until }: Options): string | undefined {
  return until === undefined ? undefined : momentOption('--until', until);
}

async function contentOf(
  io: Io,
  { base, policy }: Pick<ToSign, 'base' | 'policy'>,
  add: BehaviourSet,
  scope: Scope | undefined,
  options: Options,
): Promise<{ content: OverlayContent; version: number; stream: string }> {
  const { subject } = base.fingerprint;
  const fresh: OverlayContent = {
    subject,
    base: base.digest,
    ...(scope === undefined ? {} : { scope }),
    bindings: { sites: new Map(), volumes: new Map() },
    add,
    reason: options.reason,
  };
  const earlier = await earlierGrants(io, options.out, policy);
  const { out, stream } = options;
  const given = { out, until: untilOf(options), base: base.fingerprint.stream };
  return unitedGrants(io, fresh, earlier, { ...given, ...(stream === undefined ? {} : { stream }) });
}
