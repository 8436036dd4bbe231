import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { memoised } from './memo.ts';

/** SPKI DER of a P-256 key with an uncompressed point is this prefix and the 65 bytes of the point (RFC 5480). */
export const p256SpkiPrefix = Uint8Array.from([
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
  0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
]);

/** 0x04 and the two coordinates. Compressed points are not read: one key must have one SPKI, thus one id. */
export const p256PointLength = 65;

/** The field prime, the order n of the base point and the b of SEC 2 §2.4.2, big-endian. */
const prime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** What makes 65 bytes unfit as a public key. The curve has cofactor 1: a point on it has no small order. */
type P256Flaw = 'length' | 'form' | 'not-canonical' | 'off-curve';

/** Checked here and not left to a library: a point off the curve is how the private key of a partner is drawn out. */
export function p256PointFlaw(point: Uint8Array): P256Flaw | undefined {
  if (point.length !== p256PointLength) return 'length';
  if (point[0] !== 0x04) return 'form';
  const [x, y] = [numberOf(point.subarray(1, 33)), numberOf(point.subarray(33))];
  if (x >= prime || y >= prime) return 'not-canonical';
  return (y * y - (x * x * x - 3n * x + b)) % prime === 0n ? undefined : 'off-curve';
}

/**
 * ECDSA on P-256 with SHA-256. The signature is strict DER, as cosign and openssl write it, or the 64 bytes r and s (IEEE
 * P1363); both numbers in 1 … n-1. Never throws: what is malformed is simply not a valid signature. (r, n-s) is valid
 * too, as in every other verifier: nothing here is named after a signature.
 */
export function verifyP256(point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = keyObject(Buffer.from(point).toString('hex'));
  const rs = signature.length === 64 ? signature : rawFromDer(signature);
  if (key === 'unfit' || rs === undefined || !isScalar(rs.subarray(0, 32)) || !isScalar(rs.subarray(32)))
    return false;
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, rs);
}

/** By the point as hex: a site has a handful of keys, and each is checked and parsed once. */
const keyObject = memoised((hex): KeyObject | 'unfit' => {
  const point = new Uint8Array(Buffer.from(hex, 'hex'));
  if (p256PointFlaw(point) !== undefined) return 'unfit';
  return createPublicKey({ key: Buffer.concat([p256SpkiPrefix, point]), format: 'der', type: 'spki' });
}, 64);

function isScalar(bytes: Uint8Array): boolean {
  const value = numberOf(bytes);
  return value > 0n && value < order;
}

/**
 * SEQUENCE of two INTEGERs and nothing else, in the one form DER allows. Libraries differ on longer lengths, leading
 * zeros and trailing bytes; one that is stricter than ours would refuse what we had accepted.
 */
function rawFromDer(der: Uint8Array): Uint8Array | undefined {
  // Two numbers of at most 33 bytes: every length fits the short form.
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 72) return undefined;
  const r = integerAt(der, 2);
  const s = r === undefined ? undefined : integerAt(der, r.next);
  if (r === undefined || s === undefined || s.next !== der.length) return undefined;
  const raw = new Uint8Array(64);
  raw.set(r.digits, 32 - r.digits.length);
  raw.set(s.digits, 64 - s.digits.length);
  return raw;
}

/** A positive INTEGER of at most 256 bits without the sign byte it may need. */
function integerAt(der: Uint8Array, at: number): { digits: Uint8Array; next: number } | undefined {
  const length = der[at + 1] ?? 0;
  const next = at + 2 + length;
  if (der[at] !== 0x02 || length === 0 || next > der.length) return undefined;
  const body = der.subarray(at + 2, next);
  const [first = 0, second = 0] = body;
  // Negative, or longer than it must be.
  if (first >= 0x80 || (first === 0 && length > 1 && second < 0x80)) return undefined;
  const digits = first === 0 && length > 1 ? body.subarray(1) : body;
  return digits.length <= 32 ? { digits, next } : undefined;
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
