import type { Command } from 'commander';
import { sha256Hex } from '../fingerprint/digest.ts';
import { open, seal, statementPayloadType } from '../fingerprint/envelope.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import { formatImageRef } from '../fingerprint/image-ref.ts';
import type { PrivateKey } from '../fingerprint/keys.ts';
import { overlayBytes, parseOverlay } from '../fingerprint/overlay.ts';
import { approvalBytes, parseApproval } from '../fingerprint/parse-approval.ts';
import { printable } from '../fingerprint/printable.ts';
import { type Current, revertApproval, revertedFingerprint, revertOverlay } from '../fingerprint/revert.ts';
import { assertNoSecrets } from '../fingerprint/sign.ts';
import { signApproval } from '../fingerprint/sign-approval.ts';
import { signOverlay } from '../fingerprint/sign-overlay.ts';
import { parseStatement } from '../fingerprint/statement.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { StatementOptions } from '../fingerprint/statement-options.ts';
import { approvalSentences } from './approval-words.ts';
import { differenceSentences } from './difference-words.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readPrivateKey } from './key-file.ts';
import { counted } from './known-file.ts';
import { issuingMoment, momentOption } from './moment.ts';
import { overlaySentences } from './overlay-words.ts';
import { readTrustPolicy } from './policy-file.ts';
import { fileName } from './read-file.ts';
import { reopenBy } from './revert-review.ts';
import { assertSignedWith, type RevertedKind, type SignedFile, verifyAs } from './revert-trust.ts';
import { assertSaidByUs } from './said-by-us.ts';
import {
  assertBelieved,
  collect,
  deliver,
  type SiteSignatureOptions,
  siteSignatureOptions,
} from './site-signature.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxBytes = 32 << 20;

interface Options extends SiteSignatureOptions {
  readonly to?: string;
  readonly trust?: string;
  readonly allowSecret: readonly string[];
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('revert')
    .description('take back what was signed, by a newer version that says what an older one said, or nothing')
    .argument('<file>', 'overlay, approval or fingerprint that is in force')
    .option('--to <older>', 'what to return to; without it an overlay or approval says nothing any more')
    .option(
      '--trust <policy.json>',
      'believe what it allows to sign; without it only what --key signed itself',
    )
    .option('--allow-secret <id>', 'sign although the scanner found this; may be repeated', collect, []);
  siteSignatureOptions(verb, 'the next version').action((path: string, options: Options) =>
    revert(io, path, options),
  );
  examples(verb, [
    [
      'whorl revert cart.approval.json --key ada.key --reason "false alarms, INC-12" --out cart.approval.2.json --push',
      'nothing of it is approved any more',
    ],
    [
      'whorl revert cart.8.intoto.json --to cart.7.intoto.json --key vendor.key --reason "8 was learned wrongly" --out cart.9.intoto.json',
      'version 9 says what version 7 said',
    ],
    [
      'whorl revert cart.approval.json --trust policy.json --key grace.key --reason INC-13 --out cart.approval.2.json',
      'what a colleague signed',
    ],
  ]);
}

interface Signed {
  readonly envelope: Uint8Array;
  readonly digest: string;
}

/** What is to be signed, in sentences, and how. */
interface Next {
  readonly options: StatementOptions;
  readonly sentences: readonly string[];
  readonly sign: (key: PrivateKey) => Signed;
}

async function revert(io: Io, path: string, options: Options): Promise<void> {
  const policy = options.trust === undefined ? undefined : await readTrustPolicy(io, options.trust);
  const current = await readFile(io, path);
  const older = options.to === undefined ? undefined : await readFile(io, options.to);
  const issuedAt =
    options.issuedAt === undefined ? issuingMoment(io) : momentOption('--issued-at', options.issuedAt);
  const said = { reason: options.reason, issuedAt };
  const kind = revertible(current);
  const make = (): Next => nextOf(kind, current, older, { ...options, ...said });
  const next = about(current.name, make, exitCodes.usage);
  const files = older === undefined ? [current] : [current, older];
  if (policy !== undefined)
    for (const { name, bytes } of files)
      assertSaidByUs(name, () => verifyAs(kind, bytes, policy, io.now()), whoseWord);
  const { stream, version, supersedes } = next.options;
  io.err(`version ${version} of ${printable(stream, 200)}, in place of ${supersedes}:`);
  for (const sentence of next.sentences) io.err(`  ${sentence}`);
  const key = await readPrivateKey(io, options.key, options);
  if (policy === undefined) for (const file of files) assertSignedWith(key.publicKey, file);
  const signed = about(fileName(options.out), () => next.sign(key), exitCodes.usage);
  if (policy !== undefined)
    assertBelieved(io, options, () => verifyAs(kind, signed.envelope, policy, io.now()));
  await deliver(io, options, signed, { stream, version, supersedes, keyId: key.publicKey.keyId });
  const isHandedOver = options.push === true && options.dryRun !== true;
  if (kind === 'overlay' && isHandedOver && supersedes !== undefined) await followUp(io, options, supersedes);
}

/** An older version may still grant some of what incidents were closed for: which, a person has to say. */
async function followUp(io: Io, options: Options, digest: string): Promise<void> {
  if (options.to === undefined) await reopenBy(io, options, { digest, reason: options.reason });
  else
    io.err(
      'incidents that were closed by it stay closed; where the older version grants less: whorl incidents undo ID',
    );
}

const whoseWord = 'without --trust what --key signed itself is believed';

async function readFile(io: Io, path: string): Promise<SignedFile> {
  return { name: fileName(path), bytes: await io.readFile(path, { maxBytes }) };
}

type Said = Pick<Options, 'allowSecret'> & { readonly reason: string; readonly issuedAt: string };

/** @throws CliError for what is replaced by other verbs */
function revertible({ name, bytes }: SignedFile): RevertedKind {
  const kind = kindOfEnvelope(bytes);
  if (kind !== 'trust-policy') return kind;
  throw new CliError(
    exitCodes.usage,
    `${name} is a trust policy, of which nothing is taken back`,
    'write the next version with whorl trust',
  );
}

function nextOf(kind: RevertedKind, current: SignedFile, older: SignedFile | undefined, said: Said): Next {
  switch (kind) {
    case 'overlay':
      return nextOverlay(current, older, said);
    case 'approval':
      return nextApproval(current, older, said);
    case 'base':
      return nextFingerprint(current, older, said);
  }
}

function nextOverlay(current: SignedFile, older: SignedFile | undefined, said: Said): Next {
  const now = read(current, parseOverlay);
  const { content, options } = revertOverlay(
    { content: now.content.overlay, digest: now.digest },
    older && read(older, parseOverlay).content.overlay,
    said,
  );
  const { overlay } = parseOverlay(overlayBytes(content, options));
  return {
    options,
    sentences: overlaySentences(overlay),
    sign: (key) => signOverlay(content, options, key, said.allowSecret),
  };
}

function nextApproval(current: SignedFile, older: SignedFile | undefined, said: Said): Next {
  const now = read(current, parseApproval);
  const { content, options } = revertApproval(now, older && read(older, parseApproval).content, said);
  return {
    options,
    sentences: approvalSentences(parseApproval(approvalBytes(content, options))),
    sign: (key) => signApproval(content, options, key),
  };
}

function nextFingerprint(current: SignedFile, older: SignedFile | undefined, said: Said): Next {
  const now = read(current, parseStatement);
  if (older === undefined)
    throw new CliError(
      exitCodes.usage,
      `${current.name} is a fingerprint, without which nothing would be judged`,
      'name the one to return to: --to OLDER',
    );
  const past = read(older, (payload) => ({ payload, ...parseStatement(payload) })).content;
  const base = { content: now.content.fingerprint, digest: now.digest };
  const { payload, options } = revertedFingerprint(base, past, said);
  return {
    options,
    sentences: fingerprintSentences(now.content.fingerprint, past.fingerprint),
    sign: (key) => signPayload(payload, key, said.allowSecret),
  };
}

function fingerprintSentences(current: Fingerprint, past: Fingerprint): readonly string[] {
  const count = counted(past.behaviour.programs.length, 'program');
  return [
    `what version ${past.version} said of ${printable(formatImageRef(past.subject), 700)}: ${count}`,
    `against version ${current.version}:`,
    ...differenceSentences(current, past).map((sentence) => `  ${sentence}`),
  ];
}

/** As any fingerprint is signed: never what nobody could read, nor what holds a secret. */
function signPayload(payload: Uint8Array, key: PrivateKey, allowed: readonly string[]): Signed {
  assertNoSecrets(parseStatement(payload).fingerprint, allowed);
  const envelope = seal(statementPayloadType, payload, [key]);
  open(envelope, [statementPayloadType]);
  return { envelope, digest: `sha256:${sha256Hex(payload)}` };
}

/** @throws CliError naming the file, whatever is wrong with it */
function read<T>({ name, bytes }: SignedFile, parse: (payload: Uint8Array) => T): Current<T> {
  return about(
    name,
    () => {
      const { payload } = open(bytes, [statementPayloadType]);
      return { content: parse(payload), digest: `sha256:${sha256Hex(payload)}` };
    },
    exitCodes.usage,
  );
}
