import { createPublicKey, verify } from 'node:crypto';
import nacl from 'tweetnacl';
import { memoised } from './memo.ts';

/** SPKI DER of an Ed25519 key is this prefix and the 32 bytes of the key (RFC 8410). */
export const spkiPrefix = Uint8Array.from([
  0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
]);

/** The order L of the base point, little-endian. */
const order = bytesOf('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');
/** The field prime p = 2^255 - 19, little-endian. */
const prime = bytesOf('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');
/**
 * All 14 encodings of the 8 points of small order, canonical or not, without the sign bit. A signature under such a key
 * holds for many messages; with such an R it holds without knowledge of the message.
 */
const smallOrderY: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/** What makes 32 bytes unfit as an encoded point, before any arithmetic. */
export type PointFlaw = 'length' | 'not-canonical' | 'small-order';

/** Checks an encoded point (a public key, or the R of a signature) for what implementations disagree about. */
export function pointFlaw(point: Uint8Array): PointFlaw | undefined {
  if (point.length !== 32) return 'length';
  const y = Uint8Array.from(point);
  y[31] = (y[31] ?? 0) & 0x7f;
  if (smallOrderY.has(Buffer.from(y).toString('hex'))) return 'small-order';
  return isBelow(y, prime) ? undefined : 'not-canonical';
}

/**
 * The checks that make every implementation give one answer: lengths, S < L (else a signature can be changed and still
 * verify), canonical A and R, neither of small order.
 */
export function isStrict(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    signature.length === 64 &&
    isBelow(signature.subarray(32), order) &&
    pointFlaw(publicKey) === undefined &&
    pointFlaw(signature.subarray(0, 32)) === undefined
  );
}

/** Pure Ed25519 (RFC 8032), strict. Never throws: what is malformed is simply not a valid signature. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!isStrict(publicKey, signature)) return false;
  return verify(null, message, keyObject(Buffer.from(publicKey).toString('hex')), signature);
}

/** By the raw key as hex. Parsing a key costs a third of a verification, and a site has a handful of them. */
const keyObject = memoised((raw) => {
  const spki = Buffer.concat([spkiPrefix, Buffer.from(raw, 'hex')]);
  return createPublicKey({ key: spki, format: 'der', type: 'spki' });
}, 64);

/** @param seed the 32 secret bytes of RFC 8032 */
export function signEd25519(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return nacl.sign.detached(message, nacl.sign.keyPair.fromSeed(seed).secretKey);
}

/** The 32 public bytes that belong to a seed. */
export function publicFromSeed(seed: Uint8Array): Uint8Array {
  return nacl.sign.keyPair.fromSeed(seed).publicKey;
}

/** Little-endian a < b, equal lengths. Nothing secret is compared here, so it may stop early. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = b.length - 1; i >= 0; i--) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
