import type { Command } from 'commander';
import { acceptedKeys, countedKeys } from '../fingerprint/accepted-keys.ts';
import { addSignature } from '../fingerprint/add-signature.ts';
import { open } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { readSignedPolicy, signTrustPolicy } from '../fingerprint/policy-chain.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readPrivateKey } from './key-file.ts';
import { type PassphraseOptions, passphraseOptions } from './passphrase.ts';
import { policyEnvelopeTypes, readGivenPolicy } from './policy-file.ts';
import { holders, policySentences } from './policy-text.ts';
import { fileName } from './read-file.ts';

interface Options extends PassphraseOptions {
  readonly key: string;
  readonly out: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly reason?: string;
}

export function registerSign(trust: Command, io: Io): void {
  const sign = passphraseOptions(
    trust
      .command('sign')
      .description('sign a policy with a root key, so that agents may follow it; once per holder')
      .argument('<policy>', 'the policy, or its signed form to add a signature to')
      .requiredOption('--key <root.key>', 'private key, of the root of this policy or of the one before')
      .requiredOption('--out <p.dsse.json>', 'the signed policy; may be the one a signature is added to'),
  )
    .option('--dry-run', 'check everything and write nothing')
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'one JSON object')
    .action((path: string, options: Options) => signPolicy(io, path, options));
  examples(sign, [
    ['whorl trust sign policy.json --key root1.key --out policy.dsse.json', 'the first of them'],
    ['whorl trust sign policy.dsse.json --key root2.key --out policy.dsse.json', 'the second'],
  ]);
}

async function signPolicy(io: Io, path: string, options: Options): Promise<void> {
  const { policy, envelope } = await readGivenPolicy(io, path);
  if (policy.root === undefined)
    throw new CliError(
      exitCodes.usage,
      `${fileName(path)} names no root keys, so no agent would follow it`,
      'add them: whorl trust add POLICY --root NAME.pub',
    );
  // Whoever signs answers for it, the second holder as the first.
  for (const sentence of policySentences(policy)) io.err(sentence);
  const key = await readPrivateKey(io, options.key, options);
  const signed = about(
    fileName(path),
    () =>
      envelope === undefined
        ? signTrustPolicy(policy, key)
        : addSignature(envelope, policyEnvelopeTypes, key),
    exitCodes.trust,
  );
  const { digest } = readSignedPolicy(signed);
  const signers = rootSigners(signed, policy, io.now());
  const { keyId } = key.publicKey;
  if (!policy.root.keys.includes(keyId))
    io.err(
      'this key is not among the root keys of this policy; it counts for the policy before it, if it was there',
    );
  if (options.dryRun === true) io.err(`would write ${fileName(options.out)}`);
  else await io.writeFile(options.out, signed, { overwrite: true });
  const missing = policy.root.threshold - signers.length;
  if (options.json === true) {
    const why = options.reason === undefined ? {} : { reason: options.reason };
    const { version, root } = policy;
    io.out(
      JSON.stringify({
        out: options.out,
        version,
        digest,
        keyId,
        signers,
        threshold: root.threshold,
        ...why,
      }),
    );
  } else io.out(`${fileName(options.out)} ${digest}`);
  io.err(
    missing > 0
      ? `version ${policy.version} holds ${signers.length} of ${policy.root.threshold} root signatures; ${missing} more of ${holders(policy, policy.root.keys)}`
      : `version ${policy.version} holds the root signatures it asks for: whorl trust push ${fileName(options.out)}`,
  );
}

/** The root keys of the policy itself that have signed it so far. */
export function rootSigners(signed: Uint8Array, policy: TrustPolicy, now: number): readonly string[] {
  if (policy.root === undefined) return [];
  const { digest } = readSignedPolicy(signed);
  try {
    const accepted = acceptedKeys(open(signed, policyEnvelopeTypes), policy, { now, digest });
    return countedKeys(policy.root, accepted, policy);
  } catch (error) {
    if (error instanceof FingerprintError) return [];
    throw error;
  }
}
