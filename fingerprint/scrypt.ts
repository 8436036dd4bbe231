import { scryptSync } from 'node:crypto';

/**
 * scrypt with the parameters of cosign's key files (r = 8, p = 1), 32 bytes. `n` must come from a closed list: it is
 * written in the file and decides how much memory (128·n·r bytes) and time the reader spends.
 */
export function scryptKey(passphrase: Uint8Array, salt: Uint8Array, n: number): Uint8Array {
  // Node's default maxmem of 32 MiB refuses every n of the list; twice the need leaves room for its own bookkeeping.
  return new Uint8Array(scryptSync(passphrase, salt, 32, { N: n, r: 8, p: 1, maxmem: 256 * n * 8 }));
}
