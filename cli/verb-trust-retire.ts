import type { Command } from 'commander';
import { acceptedKeys } from '../fingerprint/accepted-keys.ts';
import { sha256Hex } from '../fingerprint/digest.ts';
import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { withRetired } from '../fingerprint/policy-change.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { momentOption } from './moment.ts';
import { keyIn } from './policy-key.ts';
import { type Change, type ChangeOptions, changePolicy, nextOptions } from './policy-next.ts';
import { holders } from './policy-text.ts';
import { fileName } from './read-file.ts';
import { repeated } from './trust-options.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxEnvelopeBytes = 32 << 20;

interface Options extends ChangeOptions {
  readonly keep: readonly string[];
  readonly at?: string;
}

export function registerRetire(trust: Command, io: Io): void {
  const retire = trust
    .command('retire')
    .description('let a key sign nothing new; what a node recorded before goes on counting there')
    .argument('<policy.json>', 'also a signed one')
    .argument('<key>', 'NAME.pub, or the first digits of its id')
    .option(
      '--keep <f.intoto.json>',
      'what the key signed goes on counting everywhere; may be repeated',
      repeated,
      [],
    )
    .option('--at <time>', 'since when (default: now)');
  nextOptions(retire).action((path: string, key: string, options: Options) =>
    changePolicy(io, path, options, (policy, now) => retired(io, policy, key, now, options)),
  );
  examples(retire, [
    [
      'whorl trust retire policy.json former.pub --reason "left in May" --out policy.json',
      'the holder of a key has left',
    ],
    [
      'whorl trust retire policy.json 89b0a61bc012 --keep cart.intoto.json --out policy.json',
      'and nodes set up later believe this one still',
    ],
  ]);
}

async function retired(
  io: Io,
  policy: TrustPolicy,
  text: string,
  issuedAt: string,
  { keep, at: given, reason }: Options,
): Promise<Change> {
  const keyId = await keyIn(io, policy, text);
  const who = holders(policy, [keyId]);
  if (policy.revoked?.keys.has(keyId) === true)
    throw new CliError(exitCodes.usage, `${who} was taken back already, which is more than retired`);
  const earlier = policy.retired?.get(keyId);
  if (earlier !== undefined && keep.length === 0)
    throw new CliError(
      exitCodes.usage,
      `${who} is retired since ${earlier.at} already`,
      'give --keep to keep more',
    );
  const keeps: string[] = [];
  for (const path of keep) keeps.push(await keptDigest(io, policy, keyId, path));
  const at = given === undefined ? issuedAt : momentOption('--at', given);
  const why = reason === undefined ? {} : { reason };
  const kept = keeps.map(
    (digest, i) => `${fileName(keep[i] ?? '')} (${digest}) goes on counting everywhere.`,
  );
  const said =
    earlier === undefined
      ? [
          `${who} is retired since ${at}: it signs nothing new, and what a node recorded before goes on counting there.`,
        ]
      : [];
  return {
    changes: { retired: withRetired(policy, keyId, { at, ...why, keeps }) },
    said: [...said, ...kept],
  };
}

/** Only what this very key signed and what counts today: a typing mistake must not let something else in. */
async function keptDigest(io: Io, policy: TrustPolicy, keyId: string, path: string): Promise<string> {
  const bytes = await io.readFile(path, { maxBytes: maxEnvelopeBytes });
  return about(
    fileName(path),
    () => {
      const envelope = open(bytes, [statementPayloadType]);
      const digest = `sha256:${sha256Hex(envelope.payload)}`;
      // As of before it was retired: what it kept then it may keep now.
      const { retired: _retired, ...before } = policy;
      if (acceptedKeys(envelope, before, { now: io.now(), digest }).includes(keyId)) return digest;
      throw new FingerprintError('KEY_NOT_ALLOWED', 'is not signed by the key that retires', {
        field: 'signatures',
      });
    },
    exitCodes.trust,
  );
}
