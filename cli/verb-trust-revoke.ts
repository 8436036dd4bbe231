import type { Command } from 'commander';
import { isDigest } from '../fingerprint/image-ref.ts';
import { withRevoked } from '../fingerprint/policy-change.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Revocations, TrustPolicy } from '../fingerprint/trust-policy.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { keyIn } from './policy-key.ts';
import { type Change, type ChangeOptions, changePolicy, nextOptions } from './policy-next.ts';
import { holders } from './policy-text.ts';
import { countOption, repeated } from './trust-options.ts';

interface Options extends ChangeOptions {
  readonly key: readonly string[];
  readonly payload: readonly string[];
  readonly minVersion: readonly string[];
}

export function registerRevoke(trust: Command, io: Io): void {
  const revoke = trust
    .command('revoke')
    .description('take back a key, a document or old versions for good; it cannot be undone')
    .argument('<policy.json>', 'also a signed one')
    .option(
      '--key <key>',
      'NAME.pub, or the first digits of its id: nothing it ever signed counts',
      repeated,
      [],
    )
    .option('--payload <sha256:hex>', 'digest of one fingerprint, overlay or approval', repeated, [])
    .option('--min-version <stream=n>', 'no version of this stream below N counts', repeated, []);
  nextOptions(revoke).action((path: string, options: Options) =>
    changePolicy(io, path, options, (policy, now) => revoked(io, policy, now, options)),
  );
  examples(revoke, [
    [
      'whorl trust revoke policy.json --key vendor.pub --reason "key stolen" --out policy.json',
      'nothing of that key counts any more',
    ],
    [
      'whorl trust revoke policy.json --payload sha256:… --reason "learned during an incident" --out policy.json',
      'this one fingerprint counts no more',
    ],
    [
      'whorl trust revoke policy.json --min-version registry.example/shop/cart=7 --reason "6 allowed a shell" --out policy.json',
      'nothing older than version 7',
    ],
  ]);
}

async function revoked(io: Io, policy: TrustPolicy, at: string, options: Options): Promise<Change> {
  const { key, payload, minVersion, reason } = options;
  if (key.length + payload.length + minVersion.length === 0)
    throw new CliError(
      exitCodes.usage,
      'what is taken back is not said',
      'give --key, --payload or --min-version',
    );
  if (reason === undefined)
    throw new CliError(
      exitCodes.usage,
      'a revocation stands for ever and needs its reason',
      'give --reason; everybody who reads the policy sees it',
    );
  const keys = await revokedKeys(io, policy, key, { at, reason });
  const payloads = revokedPayloads(policy, payload, { reason });
  const minVersions = raisedVersions(policy, minVersion);
  const because = `: ${printable(reason, 300)}.`;
  return {
    changes: { revoked: withRevoked(policy, { keys, payloads, minVersions }) },
    said: [
      ...[...keys.keys()].map(
        (id) => `Nothing ${holders(policy, [id])} ever signed counts any more${because}`,
      ),
      ...[...payloads.keys()].map((digest) => `${digest} counts no more, whoever signed it${because}`),
      ...[...minVersions].map(
        ([stream, n]) => `Of ${printable(stream, 300)} no version below ${n} counts${because}`,
      ),
    ],
  };
}

async function revokedKeys(
  io: Io,
  policy: TrustPolicy,
  given: readonly string[],
  why: { readonly at: string; readonly reason: string },
): Promise<Revocations['keys']> {
  const keys = new Map<string, { readonly at: string; readonly reason: string }>();
  for (const text of given) {
    const id = await keyIn(io, policy, text);
    if (policy.revoked?.keys.has(id) === true) throw already(holders(policy, [id]));
    keys.set(id, why);
  }
  return keys;
}

function revokedPayloads(
  policy: TrustPolicy,
  given: readonly string[],
  why: { readonly reason: string },
): Revocations['payloads'] {
  for (const digest of given) {
    if (!isDigest(digest))
      throw new CliError(
        exitCodes.usage,
        `--payload ${printable(digest, 80)} is no digest`,
        'whorl verify and whorl inspect show it: sha256: and 64 hex digits',
      );
    if (policy.revoked?.payloads.has(digest) === true) throw already(digest);
  }
  return new Map(given.map((digest) => [digest, why]));
}

/** `STREAM=N`; a stream may hold an equals sign, a number does not. */
function raisedVersions(policy: TrustPolicy, given: readonly string[]): Revocations['minVersions'] {
  return new Map(
    given.map((text) => {
      const at = text.lastIndexOf('=');
      const stream = text.slice(0, Math.max(at, 0));
      if (stream === '')
        throw new CliError(
          exitCodes.usage,
          `--min-version ${printable(text, 80)} names no stream and version`,
          'write --min-version registry.example/shop/cart=7',
        );
      const least = countOption('--min-version', text.slice(at + 1)) ?? 1;
      const before = policy.revoked?.minVersions.get(stream) ?? 0;
      if (least > before) return [stream, least];
      throw new CliError(
        exitCodes.usage,
        `no version of ${printable(stream, 200)} below ${before} counts already`,
        'it can only be raised',
      );
    }),
  );
}

function already(what: string): CliError {
  return new CliError(
    exitCodes.usage,
    `${what} was taken back already`,
    'whorl trust show says when and why',
  );
}
