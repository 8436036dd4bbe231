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
import { CollectorError } from '../../ports.ts';
import { readKept, writeKept } from './kept-file.ts';

/** A key of the collector's own and where its public half lies, for the agents' trust policy. */
export interface SigningKey {
  readonly key: PrivateKey;
  /** SPKI PEM. */
  readonly publicFile: string;
}

/** `NAME.key` and `NAME.pub` in `dir`, made at first start. @throws CollectorError */
export function signingKey(dir: string, name: string): SigningKey {
  const file = join(dir, `${name}.key`);
  const publicFile = join(dir, `${name}.pub`);
  const kept = readKept(file, 0o600);
  const key = kept === undefined ? make(file) : parse(kept, file);
  if (readKept(publicFile, 0o644) !== publicPem(key.publicKey)) {
    writeKept(publicFile, publicPem(key.publicKey), 0o644);
  }
  return { key, publicFile };
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
