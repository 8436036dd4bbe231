import { createHash } from 'node:crypto';

/** SHA-256 of the bytes, 32 bytes. One of the five doors to node:crypto, with ecdsa.ts, ed25519.ts, pbes2.ts and scrypt.ts. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** SHA-256 of the bytes as 64 lower-case hex digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
