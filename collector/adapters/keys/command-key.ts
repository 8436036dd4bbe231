import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { FingerprintError } from '../../../fingerprint/errors.ts';
import {
  generateKey,
  openPrivateKey,
  type PrivateKey,
  privatePem,
  publicPem,
} from '../../../fingerprint/keys.ts';
import { signOrder } from '../../../fingerprint/order-envelope.ts';
import { CollectorError, type OrderSigner } from '../../ports.ts';
import { readKept, writeKept } from './kept-file.ts';

export interface CommandKey {
  /** SPKI PEM, for the role `command` of the agents' trust policy. */
  readonly publicFile: string;
  readonly signer: OrderSigner;
}

/**
 * The key that signs orders, and nothing else: a fingerprint signed with it is refused by every trust policy that gives
 * it the command role alone. Made at first start.
 * @throws CollectorError
 */
export function commandKey(dir: string): CommandKey {
  const file = join(dir, 'command.key');
  const publicFile = join(dir, 'command.pub');
  const kept = readKept(file, 0o600);
  const key = kept === undefined ? make(file) : parse(kept, file);
  if (readKept(publicFile, 0o644) !== publicPem(key.publicKey)) {
    writeKept(publicFile, publicPem(key.publicKey), 0o644);
  }
  return { publicFile, signer: { sign: (order) => signOrder(order, key) } };
}

function make(file: string): PrivateKey {
  const key = generateKey((n) => randomBytes(n));
  writeKept(file, privatePem(key), 0o600);
  return key;
}

function parse(pem: string, file: string): PrivateKey {
  try {
    return openPrivateKey(pem);
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    throw new CollectorError('bad-file', `${file} ${error.message}`, { cause: error });
  }
}
