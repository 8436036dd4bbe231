import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import { isDigest } from './image-ref.ts';
import type { PolicyProblems } from './policy-problems.ts';
import type { RetiredKey, Revocations } from './trust-policy.ts';

/** Bounds on what a hostile file can make us hold; a site that revokes more has started anew long before. */
const maxEntries = 4096;
const maxKept = 1024;
const keyIdForm = /^[0-9a-f]{64}$/;

/** The keys need not stand under `keys` any more: who once left is not let in again by tidying up. */
export function retiredKeys(
  root: Fields,
  problems: PolicyProblems,
): ReadonlyMap<string, RetiredKey> | undefined {
  if (!root.has('retired')) return undefined;
  return entriesOf(root.object('retired'), problems, isKeyId, (fields) => {
    fields.only('at', 'reason', 'keeps');
    const at = fields.timestamp('at');
    const reason = fields.optionalText('reason');
    return { at, ...(reason === undefined ? {} : { reason }), keeps: keptOf(fields) };
  });
}

function keptOf(fields: Fields): string[] {
  if (!fields.has('keeps')) return [];
  return fields.list('keeps', maxKept).map((digest, i) => {
    if (typeof digest === 'string' && isDigest(digest)) return digest;
    return fields.fail(`keeps[${i}]`, 'must be sha256: and 64 lower-case hex digits');
  });
}

export function revocations(root: Fields, problems: PolicyProblems): Revocations | undefined {
  if (!root.has('revoked')) return undefined;
  const revoked = root.object('revoked');
  problems.attempt(() => revoked.only('keys', 'payloads', 'minVersions'));
  return {
    keys: revoked.has('keys')
      ? entriesOf(revoked.object('keys'), problems, isKeyId, (fields) => {
          fields.only('at', 'reason');
          return { at: fields.timestamp('at'), reason: fields.text('reason') };
        })
      : new Map(),
    payloads: revoked.has('payloads')
      ? entriesOf(revoked.object('payloads'), problems, isPayload, (fields) => {
          fields.only('reason');
          return { reason: fields.text('reason') };
        })
      : new Map(),
    minVersions: revoked.has('minVersions') ? versionsOf(revoked.object('minVersions'), problems) : new Map(),
  };
}

/** A check of a name: what it must be, or undefined when it is. */
type NameCheck = (name: string) => string | undefined;
const isKeyId: NameCheck = (name) =>
  keyIdForm.test(name) ? undefined : 'must be the id of a key, 64 lower-case hex digits';
const isPayload: NameCheck = (name) =>
  isDigest(name) ? undefined : 'must be sha256: and 64 lower-case hex digits';

function entriesOf<T>(
  fields: Fields,
  problems: PolicyProblems,
  check: NameCheck,
  read: (entry: Fields) => T,
): Map<string, T> {
  assertFew(fields);
  const entries = new Map<string, T>();
  for (const name of fields.names()) {
    const entry = problems.attempt(() => {
      const flaw = check(name);
      return flaw === undefined ? read(fields.object(name)) : fields.fail(name, flaw);
    });
    if (entry !== undefined) entries.set(name, entry);
  }
  return entries;
}

function versionsOf(fields: Fields, problems: PolicyProblems): Map<string, number> {
  assertFew(fields);
  const versions = new Map<string, number>();
  for (const stream of fields.names()) {
    const version = problems.attempt(() => {
      // A stream has the form of every text: what no statement may be called cannot be meant.
      new Fields({ [stream]: stream }, fields.path, 'POLICY_SYNTAX').text(stream);
      return fields.integer(stream, 1);
    });
    if (version !== undefined) versions.set(stream, version);
  }
  return versions;
}

function assertFew(fields: Fields): void {
  if (fields.names().length <= maxEntries) return;
  throw new FingerprintError('POLICY_SYNTAX', `must hold at most ${maxEntries} entries`, {
    field: fields.path,
  });
}
