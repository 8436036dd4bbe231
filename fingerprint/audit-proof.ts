import { type AuditEntry, auditEntryBytes, parseAuditEntry } from './audit-entry.ts';
import { hashOf } from './audit-export.ts';
import { encodeBase64 } from './base64.ts';
import { canonicalBytes } from './canonical.ts';
import { readCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import type { PublicKey } from './keys.ts';
import { leafHash, verifyInclusion } from './merkle.ts';

/** That one entry is in a log, to be checked without the log. */
export interface AuditProof {
  readonly seq: number;
  /** Absent when its body was erased. */
  readonly entry?: AuditEntry;
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: string;
}

/** Hashes in one proof: two for each level of a tree that a double can count. */
const maxHashes = 106;

/** Canonical JSON: another tool finds the entry in it as it was hashed. */
export function formatAuditProof({ seq, entry, leaf, proof, checkpoint }: AuditProof): string {
  const members = { seq, leaf: encodeBase64(leaf), proof: proof.map(encodeBase64), checkpoint };
  return new TextDecoder().decode(canonicalBytes(entry === undefined ? members : { ...members, entry }));
}

/** @throws SCHEMA, BASE64 */
export function parseAuditProof(value: unknown): AuditProof {
  const fields = new Fields(value, '', 'SCHEMA');
  fields.only('seq', 'entry', 'leaf', 'proof', 'checkpoint');
  const checkpoint = fields.raw('checkpoint');
  return {
    seq: fields.integer('seq', 0),
    ...(fields.has('entry') ? { entry: parseAuditEntry(fields.raw('entry'), 'entry') } : {}),
    leaf: hashOf(fields.raw('leaf'), 'leaf'),
    proof: fields.list('proof', maxHashes).map((hash, i) => hashOf(hash, `proof[${i}]`)),
    checkpoint: typeof checkpoint === 'string' ? checkpoint : fields.fail('checkpoint', 'must be a text'),
  };
}

/**
 * Without a key nothing is said about who signed, only that proof and checkpoint fit together.
 * @returns the size of the log that the checkpoint is of
 * @throws what `verifyCheckpoint` throws; SCHEMA when the proof does not prove
 */
export function verifyAuditProof(given: AuditProof, key: PublicKey | undefined): number {
  const note = Buffer.from(given.checkpoint);
  const head = key === undefined ? readCheckpoint(note) : verifyCheckpoint(note, key);
  const { seq, entry, leaf, proof } = given;
  const isItsLeaf =
    entry === undefined ||
    (entry.seq === seq && Buffer.compare(leafHash(auditEntryBytes(entry)), leaf) === 0);
  if (!isItsLeaf)
    throw new FingerprintError('SCHEMA', 'is not the entry that the leaf is of', { field: 'entry' });
  if (verifyInclusion(leaf, seq, head, proof)) return head.size;
  throw new FingerprintError('SCHEMA', `does not lead from entry ${seq} to the root that was signed`, {
    field: 'proof',
  });
}
