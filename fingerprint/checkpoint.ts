import { decodeBase64, encodeBase64 } from './base64.ts';
import { sha256 } from './digest.ts';
import { signEd25519, verifyEd25519 } from './ed25519.ts';
import { FingerprintError } from './errors.ts';
import type { PrivateKey, PublicKey } from './keys.ts';
import { hashLength, type TreeHead } from './merkle.ts';

/**
 * A log's size and root, signed: a C2SP tlog-checkpoint, which is a C2SP signed note (c2sp.org/tlog-checkpoint). Any
 * reader of that form checks it, among them Go's golang.org/x/mod/sumdb/note.
 */
export interface Checkpoint extends TreeHead {
  /** Names the log, and the key that signs for it. */
  readonly origin: string;
}

/** Four lines, a signature, and some witnesses. */
const maxNoteBytes = 16 * 1024;
const maxSignatures = 16;
const ed25519Type = 0x01;

interface NoteSignature {
  readonly name: string;
  readonly keyHash: Uint8Array;
  readonly signature: Uint8Array;
}

interface Note extends Checkpoint {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** @throws SCHEMA for an origin that no note can carry */
export function signCheckpoint({ origin, size, root }: Checkpoint, key: PrivateKey): string {
  const text = `${checkedName(origin)}\n${size}\n${encodeBase64(root)}\n`;
  const signature = signEd25519(key.seed, Buffer.from(text));
  const blob = Buffer.concat([keyHash(origin, key.publicKey), signature]);
  return `${text}\n— ${origin} ${encodeBase64(blob)}\n`;
}

/**
 * What the holder of this key signed. Signatures of others (witnesses) are not looked at.
 * @throws SCHEMA, BASE64, NOT_UTF8, TOO_LARGE for what is no checkpoint; UNKNOWN_KEY, BAD_SIGNATURE
 */
export function verifyCheckpoint(note: Uint8Array, key: PublicKey): Checkpoint {
  if (key.algorithm !== 'ed25519')
    throw new FingerprintError('KEY_NOT_ALLOWED', 'is no Ed25519 key; checkpoints are signed with one');
  const { origin, size, root, text, signatures } = parse(note);
  const hash = keyHash(origin, key);
  const own = signatures.filter((s) => s.name === origin && Buffer.compare(s.keyHash, hash) === 0);
  if (own.length === 0)
    throw new FingerprintError('UNKNOWN_KEY', 'is not signed by this key for the log that it names', {
      field: 'signature',
    });
  // All of them: of two by one key, one verifier would take the first and another the last.
  if (!own.every((s) => verifyEd25519(key.raw, Buffer.from(text), s.signature)))
    throw new FingerprintError('BAD_SIGNATURE', 'has a signature that does not fit its text', {
      field: 'signature',
    });
  return { origin, size, root };
}

/** What a note says, of which nobody has checked who wrote it. @throws SCHEMA, BASE64, NOT_UTF8, TOO_LARGE */
export function readCheckpoint(note: Uint8Array): Checkpoint {
  const { origin, size, root } = parse(note);
  return { origin, size, root };
}

/** The key in the one line that Go's `note.NewVerifier` reads. */
export function noteKey(origin: string, key: PublicKey): string {
  const hash = Buffer.from(keyHash(origin, key)).toString('hex');
  return `${checkedName(origin)}+${hash}+${encodeBase64(Buffer.concat([Uint8Array.of(ed25519Type), key.raw]))}`;
}

/**
 * The notes in a file that they were appended to, each with a blank line behind it.
 * @returns also what stands after the last whole one: an append that a power cut ended
 */
export function splitNotes(text: string): { readonly notes: readonly string[]; readonly rest: string } {
  const notes: string[] = [];
  let rest = text;
  for (let end = endOfNote(rest); end !== undefined; end = endOfNote(rest)) {
    notes.push(rest.slice(0, end));
    rest = rest.slice(end).replace(/^\n/, '');
  }
  return { notes, rest };
}

/** Behind the lines that begin with a dash after the first blank line. */
function endOfNote(text: string): number | undefined {
  return /^[\s\S]*?\n\n(?:— [^\n]*\n)+/.exec(text)?.[0].length;
}

function keyHash(origin: string, key: PublicKey): Uint8Array {
  return sha256(Buffer.concat([Buffer.from(`${origin}\n`), Uint8Array.of(ed25519Type), key.raw])).slice(0, 4);
}

function checkedName(name: string): string {
  return /^[^\s+\p{Cc}]{1,256}$/u.test(name)
    ? name
    : malformed('origin', 'must be a name without spaces and +');
}

function parse(bytes: Uint8Array): Note {
  if (bytes.length > maxNoteBytes)
    throw new FingerprintError(
      'TOO_LARGE',
      `has ${bytes.length} bytes, a checkpoint has at most ${maxNoteBytes}`,
    );
  const whole = decode(bytes);
  // The last blank line, as every reader of notes takes it: what is above is signed.
  const at = whole.lastIndexOf('\n\n');
  if (at === -1 || !whole.endsWith('\n') || /[^\n\P{Cc}]/u.test(whole))
    return malformed(
      '',
      'is no signed note: text, a blank line, lines of signatures, each ended by a newline',
    );
  const text = whole.slice(0, at + 1);
  const lines = whole.slice(at + 2, -1).split('\n');
  if (lines.length > maxSignatures)
    return malformed('signature', `must be there at most ${maxSignatures} times`);
  return { ...bodyOf(text), text, signatures: lines.map(signatureOf) };
}

/** Lines after the third are extensions of others: signed with the rest, and without a meaning here. */
function bodyOf(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...more] = text.slice(0, -1).split('\n');
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    return malformed('size', 'must be a whole number in decimal digits');
  if (more.includes('')) return malformed('', 'has a blank line in its text');
  return { origin: checkedName(origin), size: Number(size), root: exactly(root, hashLength, 'root') };
}

function signatureOf(line: string): NoteSignature {
  const match = /^— ([^ ]+) ([^ ]+)$/.exec(line);
  const [name, blob] = [match?.[1], match?.[2]];
  if (name === undefined || blob === undefined)
    return malformed('signature', 'must be a dash, a name and base64, with one space between');
  const bytes = decodeBase64(blob, 'signature');
  if (bytes.length < 5) return malformed('signature', 'is too short');
  return { name: checkedName(name), keyHash: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** In the one spelling that other readers take: standard alphabet, padded. */
function exactly(text: string, length: number, field: string): Uint8Array {
  const bytes = decodeBase64(text, field);
  if (bytes.length !== length || encodeBase64(bytes) !== text)
    return malformed(field, `must be ${length} bytes in padded base64`);
  return bytes;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FingerprintError('NOT_UTF8', 'is not UTF-8 text', { cause });
  }
}

function malformed(field: string, message: string): never {
  throw new FingerprintError('SCHEMA', message, { field });
}
