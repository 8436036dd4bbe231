import { FingerprintError } from './errors.ts';
import type { Fingerprint } from './fingerprint.ts';
import { learnedStream } from './provisional.ts';
import { findRule, ruleFor, type TrustPolicy } from './trust-policy.ts';
import { type Mode, minMode } from './verdict.ts';

interface Signer {
  readonly keyId: string;
  readonly owner: string;
}

/** In whose name a fingerprint may judge, and how far it may go. */
export interface Authority {
  /** The keys whose word counts here, at least one. */
  readonly signers: readonly Signer[];
  /** Name of the rule that allows them; empty where the learner's role does. */
  readonly rule: string;
  readonly maxMode: Mode;
  /** Learned and signed by a collector alone: no person has looked at it. */
  readonly provisional: boolean;
}

/**
 * A trusted key is trusted for its images only: one vendor's signature says nothing about another's software. A learner's
 * key counts for what was learned of this site's own copies and for nothing else, and never beyond `alert`: a rule that
 * names it as a signer gives it no more, for whoever takes over the collector has that key.
 * @throws NO_RULE, KEY_NOT_ALLOWED
 */
export function authorityOf(
  policy: TrustPolicy,
  fingerprint: Fingerprint,
  keyIds: readonly string[],
): Authority {
  const { name } = fingerprint.subject;
  const learners = new Set(policy.learnerKeys.map((k) => k.keyId));
  const owned = (ids: readonly string[]): Signer[] =>
    ids.map((keyId) => ({ keyId, owner: policy.keys.get(keyId)?.owner ?? '' }));
  const isLearned = keyIds.every((id) => learners.has(id));
  if (isLearned && isSiteBaseline(fingerprint)) {
    const maxMode = minMode('alert', findRule(policy, name)?.maxMode ?? 'alert');
    return { signers: owned(keyIds), rule: '', maxMode, provisional: true };
  }
  const rule = ruleFor(policy, name);
  const allowed = keyIds.filter((id) => rule.sign.keys.includes(id) && !learners.has(id));
  if (allowed.length > 0)
    return { signers: owned(allowed), rule: rule.name, maxMode: rule.maxMode, provisional: false };
  throw new FingerprintError(
    'KEY_NOT_ALLOWED',
    isLearned
      ? 'is signed by a learner alone, which may sign what it learned of copies of this site, and this is not that'
      : 'is signed by a key that may not sign for this image',
    { field: 'signatures' },
  );
}

/** About somebody's own copies, in a stream of its own. */
function isSiteBaseline({ scope, stream }: Fingerprint): boolean {
  return scope !== undefined && stream.startsWith(learnedStream);
}
