import { existsSync } from 'node:fs';
import { printable } from '../fingerprint/printable.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { readPublicKey } from './key-file.ts';
import { holders } from './policy-text.ts';
import { fileName } from './read-file.ts';

/** Fewer digits could become another key's with the next one that is added. */
const idStart = /^[0-9a-f]{8,64}$/;

/** The key a person means: its NAME.pub, or the beginning of its id. @throws CliError */
export async function keyIn(io: Io, policy: TrustPolicy, text: string): Promise<string> {
  if (idStart.test(text) && !existsSync(text)) return keyById(policy, text);
  const { keyId } = await readPublicKey(io, text);
  if (policy.keys.has(keyId)) return keyId;
  throw new CliError(
    exitCodes.usage,
    `the policy does not know the key ${keyId.slice(0, 12)}… of ${fileName(text)}`,
    knownKeys(policy),
  );
}

function keyById(policy: TrustPolicy, start: string): string {
  const found = [...policy.keys.keys()].filter((id) => id.startsWith(start));
  const [only, ...more] = found;
  if (only !== undefined && more.length === 0) return only;
  const what = only === undefined ? 'no key' : 'several keys';
  throw new CliError(exitCodes.usage, `the policy knows ${what} ${printable(start, 64)}…`, knownKeys(policy));
}

function knownKeys(policy: TrustPolicy): string {
  const shown = [...policy.keys.keys()].slice(0, 20);
  return `it knows ${holders(policy, shown)}${policy.keys.size > shown.length ? ' and others' : ''}`;
}
