import type { OpenEnvelope } from './envelope.ts';
import { type ErrorCode, FingerprintError } from './errors.ts';
import { signersOf } from './signatures.ts';
import { parseTimestamp } from './timestamp.ts';
import type { KeySet, TrustedKey, TrustPolicy } from './trust-policy.ts';

/** ms since the Unix epoch; undefined: never. */
export type Recorded = (digest: string, keyId: string) => number | undefined;

export interface KeyContext {
  /** ms since the Unix epoch. */
  readonly now: number;
  /** `sha256:HEX` of the payload. */
  readonly digest: string;
  /**
   * When this site first accepted that payload on the word of that key, from its own log: ms since the Unix epoch. What a
   * signer says of the time is worth nothing once its key is in other hands; and that somebody else signed the same
   * bytes earlier says nothing of this signature.
   */
  readonly recorded?: Recorded | undefined;
}

/**
 * Steps 6 to 9 of verification, the same for whatever is signed: the ids of the distinct keys whose signature holds and
 * still counts.
 * @throws REVOKED_PAYLOAD; as signersOf; KEY_REVOKED, KEY_RETIRED, KEY_EXPIRED, KEY_NOT_YET_VALID when that is what is
 *   wrong with every signature that holds, else NO_TRUSTED_SIGNATURE
 */
export function acceptedKeys(
  envelope: OpenEnvelope,
  policy: TrustPolicy,
  context: KeyContext,
): readonly string[] {
  const revoked = policy.revoked?.payloads.get(context.digest);
  if (revoked !== undefined) {
    const message = `was taken back by the trust policy: ${revoked.reason}`;
    throw new FingerprintError('REVOKED_PAYLOAD', message, { field: 'payload' });
  }
  const accepted: string[] = [];
  const refusals = new Map<ErrorCode, string>();
  for (const { keyId } of signersOf(envelope, usableKeys(policy))) {
    const refusal = refusalOf(keyId, policy, context);
    if (refusal === undefined) accepted.push(keyId);
    else refusals.set(...refusal);
  }
  if (accepted.length > 0) return accepted;
  throw refused(refusals);
}

/** Revoked ones too: what they signed is refused for that reason, not as the work of a stranger. */
function usableKeys(policy: TrustPolicy): TrustedKey['key'][] {
  return [...policy.keys.values()].map((trusted) => trusted.key);
}

type Refusal = [code: ErrorCode, message: string];

/** Why a signature that holds does not count; undefined when it does. */
function refusalOf(keyId: string, policy: TrustPolicy, context: KeyContext): Refusal | undefined {
  const key = policy.keys.get(keyId);
  const revoked = policy.revoked?.keys.get(keyId);
  if (revoked !== undefined)
    return ['KEY_REVOKED', `is signed with a key that was taken back: ${revoked.reason}`];
  const recorded = context.recorded?.(context.digest, keyId);
  const retired = policy.retired?.get(keyId);
  // What a person listed counts without end; the window of the key is about what nobody looked at.
  if (retired?.keeps.includes(context.digest) === true) return undefined;
  if (retired !== undefined && !(recorded !== undefined && recorded < timeOf(retired.at)))
    return [
      'KEY_RETIRED',
      `is signed with a key retired at ${retired.at}, and was not recorded here before that`,
    ];
  return key === undefined ? undefined : outsideWindow(key, context.now, recorded);
}

/** What was accepted inside the window goes on counting after it. */
function outsideWindow(key: TrustedKey, now: number, recorded: number | undefined): Refusal | undefined {
  const from = timeOf(key.notBefore, Number.NEGATIVE_INFINITY);
  const until = timeOf(key.notAfter, Number.POSITIVE_INFINITY);
  const isInside = (at: number): boolean => from <= at && at < until;
  if (isInside(now) || (recorded !== undefined && isInside(recorded))) return undefined;
  return now < from
    ? ['KEY_NOT_YET_VALID', `is signed with a key that counts only from ${key.notBefore}`]
    : [
        'KEY_EXPIRED',
        `is signed with a key that counted until ${key.notAfter}, and was not recorded here before that`,
      ];
}

function refused(refusals: ReadonlyMap<ErrorCode, string>): FingerprintError {
  const field = 'signatures';
  const [only, ...more] = refusals;
  if (only !== undefined && more.length === 0) return new FingerprintError(only[0], only[1], { field });
  const message = 'holds only signatures by keys that were taken back, retired or have run out';
  return new FingerprintError('NO_TRUSTED_SIGNATURE', message, { field });
}

/** Whether so many different keys of the set are among those. A learner's key is nobody's word. */
export function meets(set: KeySet, keyIds: readonly string[], policy: TrustPolicy): boolean {
  return countedKeys(set, keyIds, policy).length >= set.threshold;
}

/** The keys of the set that are among those, each once however many ids it has, and never a learner's. */
export function countedKeys(set: KeySet, keyIds: readonly string[], policy: TrustPolicy): readonly string[] {
  const learners = new Set(policy.learnerKeys.map((key) => rawOf(key.raw)));
  const counted = new Map<string, string>();
  for (const id of keyIds) {
    const trusted = policy.keys.get(id);
    if (trusted === undefined || !set.keys.includes(id)) continue;
    const raw = rawOf(trusted.key.raw);
    if (!learners.has(raw) && !counted.has(raw)) counted.set(raw, id);
  }
  return [...counted.values()];
}

/**
 * The same, for what needs them.
 * @param what it is that they sign, for the sentence: `for this image`, `overlays for this image`
 * @throws KEY_NOT_ALLOWED when none is in the set, THRESHOLD when too few are
 */
export function requireKeys(
  set: KeySet,
  keyIds: readonly string[],
  policy: TrustPolicy,
  what: string,
): readonly string[] {
  const counted = countedKeys(set, keyIds, policy);
  const field = 'signatures';
  if (counted.length === 0)
    throw new FingerprintError('KEY_NOT_ALLOWED', `is signed by a key that may not sign ${what}`, { field });
  if (counted.length >= set.threshold) return counted;
  const message = `holds ${counted.length} of the ${set.threshold} different signatures it takes to sign ${what}`;
  throw new FingerprintError('THRESHOLD', message, { field });
}

function rawOf(raw: Uint8Array): string {
  return Buffer.from(raw).toString('hex');
}

/** ms since the Unix epoch; only for texts that the policy's reader accepted. */
function timeOf(text: string | undefined, absent = Number.NaN): number {
  return text === undefined ? absent : (parseTimestamp(text) ?? Number.NaN);
}

/** The keys whose orders count now: an order is about this moment, so nothing that was recorded before makes up for it. */
export function commandKeysAt(policy: TrustPolicy, now: number): readonly TrustedKey['key'][] {
  return policy.commandKeys.filter((key) => refusalOf(key.keyId, policy, { now, digest: '' }) === undefined);
}
