import { createDecipheriv, type Decipheriv, pbkdf2Sync } from 'node:crypto';
import { type DerElement, derElements, derInteger, derTags } from './der.ts';
import { FingerprintError } from './errors.ts';
import { scryptKey } from './scrypt.ts';

/**
 * The file names its own cost, so a hostile one could ask for hours. 600 000 is what OWASP recommends, 2 048 what
 * `openssl genpkey -aes-256-cbc` writes; this many take a second or two.
 */
const maxIterations = 2_000_000;
/** What `openssl pkcs8 -scrypt` writes, and what cosign's own form uses. */
const scryptCosts: ReadonlySet<number | undefined> = new Set([16384, 32768, 65536, 131072]);

const pbes2 = '2a864886f70d01050d';
const pbkdf2 = '2a864886f70d01050c';
const scrypt = '2b06010401da47040b';
const hashes: Readonly<Record<string, string>> = {
  '2a864886f70d0207': 'sha1',
  '2a864886f70d0209': 'sha256',
  '2a864886f70d020b': 'sha512',
};
interface Cipher {
  readonly name: string;
  readonly keyBytes: number;
}
const ciphers: Readonly<Record<string, Cipher>> = {
  '60864801650304012a': { name: 'aes-256-cbc', keyBytes: 32 },
  '608648016503040102': { name: 'aes-128-cbc', keyBytes: 16 },
};

type Derive = (passphrase: Uint8Array, keyBytes: number) => Uint8Array;

/**
 * Opens a standard `ENCRYPTED PRIVATE KEY` (PKCS #8, PBES2) as openssl and most tools write it: PBKDF2 or scrypt, and AES
 * in CBC mode. Everything that decides what it costs is checked before a byte is derived.
 * @throws KEY_SYNTAX for another form or other costs, KEY_PASSPHRASE when the passphrase does not open it
 */
export function openPbes2(der: Uint8Array, passphrase: string): Uint8Array {
  const [algorithm, encrypted] = sequence(only(derElements(der)), 2);
  const [kind, parameters] = sequence(algorithm, 2);
  if (oid(kind) !== pbes2) throw unread('another scheme than PBES2');
  const [derivation, encryption] = sequence(parameters, 2);
  const derive = derivationOf(derivation);
  const { cipher, iv } = cipherOf(encryption);
  const body = octets(encrypted);
  const key = derive(new TextEncoder().encode(passphrase), cipher.keyBytes);
  const plain = decrypted(createDecipheriv(cipher.name, key, iv), body);
  // A wrong key leaves a padding that looks right once in 256 times, but no DER behind it.
  if (plain !== undefined && only(derElements(plain))?.tag === derTags.sequence) return plain;
  throw new FingerprintError('KEY_PASSPHRASE', 'the passphrase does not open this key');
}

function decrypted(decipher: Decipheriv, body: Uint8Array): Uint8Array | undefined {
  try {
    return new Uint8Array(Buffer.concat([decipher.update(body), decipher.final()]));
  } catch {
    return undefined;
  }
}

function derivationOf(element: DerElement | undefined): Derive {
  const [kind, parameters] = sequence(element, 2);
  switch (oid(kind)) {
    case pbkdf2:
      return pbkdf2Of(sequence(parameters));
    case scrypt:
      return scryptOf(sequence(parameters));
    default:
      throw unread('another derivation than PBKDF2 and scrypt');
  }
}

/** salt, iterations, then maybe the length of the key and maybe the hash, SHA-1 when it is not named. */
function pbkdf2Of([salted, counted, ...rest]: readonly DerElement[]): Derive {
  const iterations = integer(counted);
  const salt = octets(salted);
  const hash = hashOf(rest.find((e) => e.tag === derTags.sequence));
  if (iterations < 1 || iterations > maxIterations) throw tooDear(`at most ${maxIterations} iterations`);
  return (passphrase, keyBytes) => pbkdf2Sync(passphrase, salt, iterations, keyBytes, hash);
}

function hashOf(element: DerElement | undefined): string {
  if (element === undefined) return 'sha1';
  const name = hashes[oid(sequence(element)[0])];
  if (name === undefined) throw unread('another hash than SHA-1, SHA-256 and SHA-512');
  return name;
}

/** salt, N, r, p, then maybe the length of the key. */
function scryptOf([salted, cost, block, parallel]: readonly DerElement[]): Derive {
  const n = integer(cost);
  if (!scryptCosts.has(n) || integer(block) !== 8 || integer(parallel) !== 1)
    throw tooDear('N = 2^14 … 2^17 with r = 8, p = 1');
  const salt = octets(salted);
  // Its output is PBKDF2's, of which a shorter key is the beginning.
  return (passphrase, keyBytes) => scryptKey(passphrase, salt, n).slice(0, keyBytes);
}

function cipherOf(element: DerElement | undefined): { cipher: Cipher; iv: Uint8Array } {
  const [kind, vector] = sequence(element, 2);
  const cipher = ciphers[oid(kind)];
  const iv = octets(vector);
  if (cipher === undefined || iv.length !== 16) throw unread('another cipher than AES in CBC mode');
  return { cipher, iv };
}

function only(elements: readonly DerElement[] | undefined): DerElement | undefined {
  return elements?.length === 1 ? elements[0] : undefined;
}

/** The elements of a SEQUENCE, exactly `count` of them when it is given. */
function sequence(element: DerElement | undefined, count?: number): readonly DerElement[] {
  const inside = element?.tag === derTags.sequence ? derElements(element.body) : undefined;
  if (inside === undefined || (count !== undefined && inside.length !== count)) throw otherForm();
  return inside;
}

function oid(element: DerElement | undefined): string {
  if (element?.tag !== derTags.oid) throw otherForm();
  return Buffer.from(element.body).toString('hex');
}

function octets(element: DerElement | undefined): Uint8Array {
  if (element?.tag !== derTags.octets) throw otherForm();
  return element.body;
}

function integer(element: DerElement | undefined): number {
  const value = element === undefined ? undefined : derInteger(element);
  if (value === undefined) throw otherForm();
  return value;
}

function otherForm(): FingerprintError {
  return unread('no DER of that form');
}

function unread(what: string): FingerprintError {
  return new FingerprintError(
    'KEY_SYNTAX',
    `is encrypted in a way that is not read: ${what}; write it anew with \`openssl pkcs8 -topk8 -v2 aes-256-cbc\``,
  );
}

function tooDear(allowed: string): FingerprintError {
  return new FingerprintError('KEY_SYNTAX', `names costs that are not derived: ${allowed} are`);
}
