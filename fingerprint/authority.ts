import { meets, requireKeys } from './accepted-keys.ts';
import { FingerprintError } from './errors.ts';
import type { Fingerprint } from './fingerprint.ts';
import { learnedStream } from './provisional.ts';
import type { CeilingClass } from './trust-classes.ts';
import { findRule, type KeySet, ruleFor, type TrustPolicy, type TrustRule } from './trust-policy.ts';
import { type Mode, minMode } from './verdict.ts';

interface Signer {
  readonly keyId: string;
  readonly owner: string;
}

/** In whose name a fingerprint may judge, and how far it may go. */
export interface Authority {
  /** The keys whose word counts here, as many as the rule asks for at least. */
  readonly signers: readonly Signer[];
  /** The rule that allows them; undefined where the learner's role does. */
  readonly rule: TrustRule | undefined;
  readonly maxMode: Mode;
  /** Learned and signed by a collector alone: no person has looked at it. */
  readonly provisional: boolean;
  /** Entries of these classes grant nothing until the site approves them. */
  readonly ceiling: readonly CeilingClass[];
  /** Who approves for this site; undefined: nobody can, so nothing goes beyond alert. */
  readonly approve: KeySet | undefined;
}

/**
 * A trusted key is trusted for its images only: one vendor's signature says nothing about another's software. A learner's
 * key counts for what was learned of this site's own copies and for nothing else, and never beyond `alert`: a rule that
 * names it as a signer gives it no more, for whoever takes over the collector has that key.
 * @throws NO_RULE, KEY_NOT_ALLOWED, THRESHOLD
 */
export function authorityOf(
  policy: TrustPolicy,
  fingerprint: Fingerprint,
  keyIds: readonly string[],
): Authority {
  const { name } = fingerprint.subject;
  const learners = learnersAmong(policy, keyIds);
  const rule = findRule(policy, name);
  const isPersons = rule !== undefined && meets(rule.sign, keyIds, policy);
  // What others signed too takes nothing from a learner: else revoking them would let in what was refused.
  if (!isPersons && learners.length > 0 && isSiteBaseline(fingerprint)) {
    const maxMode = minMode('alert', rule?.maxMode ?? 'alert');
    const signers = owned(policy, learners);
    return { signers, rule: undefined, maxMode, provisional: true, ceiling: [], approve: undefined };
  }
  const applying = ruleFor(policy, name);
  if (learners.length === keyIds.length) throw learnersAlone();
  const allowed = requireKeys(applying.sign, keyIds, policy, 'for this image');
  return { signers: owned(policy, allowed), provisional: false, ...allowance(applying, keyIds, policy) };
}

/** Whoever may approve for the site has approved what they signed themselves, as far as what it grants goes. */
function allowance(
  rule: TrustRule,
  keyIds: readonly string[],
  policy: TrustPolicy,
): Pick<Authority, 'rule' | 'maxMode' | 'ceiling' | 'approve'> {
  const { approve, maxMode, ceiling = [] } = rule;
  const isOwn = approve !== undefined && meets(approve, keyIds, policy);
  return { rule, maxMode, ceiling: isOwn ? [] : ceiling, approve };
}

function learnersAmong(policy: TrustPolicy, keyIds: readonly string[]): string[] {
  const learners = new Set(policy.learnerKeys.map((k) => k.keyId));
  return keyIds.filter((id) => learners.has(id));
}

function owned(policy: TrustPolicy, ids: readonly string[]): Signer[] {
  return ids.map((keyId) => ({ keyId, owner: policy.keys.get(keyId)?.owner ?? '' }));
}

function learnersAlone(): FingerprintError {
  const message =
    'is signed by a learner alone, which may sign what it learned of copies of this site, and this is not that';
  return new FingerprintError('KEY_NOT_ALLOWED', message, { field: 'signatures' });
}

/** About somebody's own copies, in a stream of its own. */
function isSiteBaseline({ scope, stream }: Fingerprint): boolean {
  return scope !== undefined && stream.startsWith(learnedStream);
}
