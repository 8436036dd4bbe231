import { sha256Hex } from './digest.ts';
import { p256PointFlaw, p256PointLength, p256SpkiPrefix } from './ecdsa.ts';
import { pointFlaw, publicFromSeed, spkiPrefix } from './ed25519.ts';
import { FingerprintError } from './errors.ts';
import { openPbes2 } from './pbes2.ts';
import { formatPem, parsePem } from './pem.ts';
import { openSecret, sealSecret } from './sealed-key.ts';

/** What a key signs with. Whorl signs with Ed25519; P-256 is read because that is what cosign makes. */
export const keyAlgorithms = ['ed25519', 'ecdsa-p256-sha256'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

export interface PublicKey {
  readonly algorithm: KeyAlgorithm;
  /** sha256 of the SPKI DER as hex. A name and a hint, never proof: thresholds count the raw keys. */
  readonly keyId: string;
  readonly spki: Uint8Array;
  /** The key itself: 32 bytes of Ed25519, or the 65-byte uncompressed point of P-256. */
  readonly raw: Uint8Array;
}

export interface PrivateKey {
  /** The 32 secret bytes of RFC 8032. */
  readonly seed: Uint8Array;
  readonly publicKey: PublicKey;
}

/** PKCS#8 DER of an Ed25519 key is this prefix and the seed (RFC 8410). */
const pkcs8Prefix = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);
const publicLabel = 'PUBLIC KEY';
const plainLabel = 'PRIVATE KEY';
const sealedLabel = 'ENCRYPTED SIGSTORE PRIVATE KEY';
/** What cosign before version 2 wrote around the same content. */
const oldSealedLabel = 'ENCRYPTED COSIGN PRIVATE KEY';
/** What openssl and most other tools write. */
const standardSealedLabel = 'ENCRYPTED PRIVATE KEY';

/** @param random the only randomness of this folder, given by the caller */
export function generateKey(random: (n: number) => Uint8Array): PrivateKey {
  return privateFromSeed(Uint8Array.from(random(32)));
}

/** Ed25519 (44 bytes) or P-256 with an uncompressed point (91 bytes). @throws KEY_SYNTAX, WEAK_KEY */
export function publicFromSpki(spki: Uint8Array): PublicKey {
  const ed25519 = rawBehind(spki, spkiPrefix, 32);
  if (ed25519 !== undefined) return publicKey('ed25519', spki, ed25519, pointFlaw(ed25519));
  const p256 = rawBehind(spki, p256SpkiPrefix, p256PointLength);
  if (p256 !== undefined) return publicKey('ecdsa-p256-sha256', spki, p256, p256PointFlaw(p256));
  throw new FingerprintError(
    'KEY_SYNTAX',
    'is not an Ed25519 or P-256 public key (44 or 91 bytes of SPKI); make one with `whorl keygen`',
  );
}

function rawBehind(spki: Uint8Array, prefix: Uint8Array, length: number): Uint8Array | undefined {
  const fits = startsWith(spki, prefix) && spki.length === prefix.length + length;
  return fits ? spki.slice(prefix.length) : undefined;
}

function publicKey(
  algorithm: KeyAlgorithm,
  spki: Uint8Array,
  raw: Uint8Array,
  flaw: string | undefined,
): PublicKey {
  if (flaw === undefined) return { algorithm, keyId: sha256Hex(spki), spki: spki.slice(), raw };
  const name = algorithm === 'ed25519' ? 'Ed25519' : 'P-256';
  throw new FingerprintError('WEAK_KEY', `is a weak ${name} key (${flaw}): a signature by it proves nothing`);
}

export function publicPem(key: PublicKey): string {
  return formatPem(publicLabel, key.spki);
}

/** Reads a NAME.pub file. @throws KEY_SYNTAX, WEAK_KEY, BASE64 */
export function parsePublicPem(text: string): PublicKey {
  const { label, body } = parsePem(text);
  if (label === publicLabel) return publicFromSpki(body);
  const isPrivate = label.includes('PRIVATE');
  throw new FingerprintError(
    'KEY_SYNTAX',
    isPrivate
      ? 'is a private key where the public one is needed (NAME.pub)'
      : `holds a ${label}, not a ${publicLabel}`,
  );
}

/** Without encryption. For tests and machines that guard the file by other means. */
export function privatePem(key: PrivateKey): string {
  return formatPem(plainLabel, pkcs8(key));
}

/** Under a passphrase, in cosign's own form. */
export function sealPrivateKey(
  key: PrivateKey,
  passphrase: string,
  random: (n: number) => Uint8Array,
): string {
  return formatPem(sealedLabel, sealSecret(pkcs8(key), passphrase, random));
}

/** Whether a NAME.key file needs a passphrase, so that the caller asks for one only then. */
export function needsPassphrase(pem: string): boolean {
  const { label } = parsePem(pem);
  return label === sealedLabel || label === oldSealedLabel || label === standardSealedLabel;
}

/** Reads a NAME.key file. @throws KEY_SYNTAX, KEY_PASSPHRASE when one is missing or wrong */
export function openPrivateKey(pem: string, passphrase?: string): PrivateKey {
  const { label, body } = parsePem(pem);
  switch (label) {
    case plainLabel:
      return privateFromPkcs8(body);
    case sealedLabel:
    case oldSealedLabel:
      return privateFromPkcs8(openSecret(body, given(passphrase)));
    case standardSealedLabel:
      return privateFromPkcs8(openPbes2(body, given(passphrase)));
    case publicLabel:
      throw new FingerprintError('KEY_SYNTAX', 'is a public key where the private one is needed (NAME.key)');
    default:
      throw new FingerprintError(
        'KEY_SYNTAX',
        `holds a ${label}, which is not read; make a key with \`whorl keygen\``,
      );
  }
}

function given(passphrase: string | undefined): string {
  if (passphrase !== undefined) return passphrase;
  throw new FingerprintError('KEY_PASSPHRASE', 'is encrypted and no passphrase was given');
}

function privateFromPkcs8(der: Uint8Array): PrivateKey {
  if (!startsWith(der, pkcs8Prefix) || der.length !== pkcs8Prefix.length + 32) {
    throw new FingerprintError(
      'KEY_SYNTAX',
      'is not an Ed25519 private key; make one with `whorl keygen`, or let cosign sign what `whorl export predicate` writes',
    );
  }
  return privateFromSeed(der.slice(pkcs8Prefix.length));
}

function privateFromSeed(seed: Uint8Array): PrivateKey {
  return { seed, publicKey: publicFromSpki(concat(spkiPrefix, publicFromSeed(seed))) };
}

function pkcs8(key: PrivateKey): Uint8Array {
  return concat(pkcs8Prefix, key.seed);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}
