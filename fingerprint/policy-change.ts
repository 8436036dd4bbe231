import { FingerprintError } from './errors.ts';
import { coversPattern } from './image-pattern.ts';
import { type NewRule, newRule } from './new-trust-policy.ts';
import { parseTrustPolicy } from './parse-trust-policy.ts';
import type { KeySet, RetiredKey, Revocations, TrustedKey, TrustPolicy, TrustRule } from './trust-policy.ts';
import { trustPolicyDocument } from './trust-policy-writer.ts';

/** When the next version is made, and until when it holds; not given: as long as the one before. */
export interface NextVersion {
  readonly issuedAt: string;
  readonly expiresAt?: string;
}

type Changes = Partial<Omit<TrustPolicy, 'version' | 'issuedAt'>>;

/** Version N+1 with these changes, checked like any policy that is read. @throws POLICY_SYNTAX */
export function nextPolicy(policy: TrustPolicy, next: NextVersion, changes: Changes): TrustPolicy {
  const changed = { ...policy, ...next, ...changes, version: policy.version + 1 };
  return parseTrustPolicy(trustPolicyDocument(changed));
}

/** A policy with one rule more, and the name of the rule it was put before. */
export interface Added {
  readonly rules: readonly TrustRule[];
  readonly keys: ReadonlyMap<string, TrustedKey>;
  readonly before: string | undefined;
}

/**
 * Puts a rule before every rule that is about more images than it: the first that matches decides.
 * @throws POLICY_SYNTAX when one of the two rules would never be asked for an image they both name
 */
export function withRule(policy: TrustPolicy, given: NewRule): Added {
  const { rule, keys } = newRule(given);
  const same = policy.rules.find((r) => r.images.some((p) => rule.images.includes(p)));
  if (same !== undefined) throw taken(`is what rule ${same.name} is about already`);
  const at = policy.rules.findIndex((r) => r.images.some((broad) => coversAny(broad, rule.images)));
  const [before, after] = at < 0 ? [policy.rules, []] : [policy.rules.slice(0, at), policy.rules.slice(at)];
  const hidden = after.find((r) =>
    r.images.some((narrow) => rule.images.some((p) => coversPattern(p, narrow))),
  );
  if (hidden !== undefined) throw taken(`would leave rule ${hidden.name} nothing to decide`);
  return { rules: [...before, rule, ...after], keys: withKeys(policy, keys), before: after[0]?.name };
}

function coversAny(broad: string, patterns: readonly string[]): boolean {
  return patterns.some((narrow) => coversPattern(broad, narrow));
}

function taken(message: string): FingerprintError {
  return new FingerprintError('POLICY_SYNTAX', message, { field: 'images' });
}

/** What is added to a rule, or set anew in it. */
export interface RuleChange extends Partial<Omit<NewRule, 'name' | 'images' | 'signers' | 'approvers'>> {
  readonly signers: readonly TrustedKey[];
  readonly approvers: readonly TrustedKey[];
}

/** The rule of that name with more keys and other limits. Undefined when there is none. */
export function withChangedRule(
  policy: TrustPolicy,
  name: string,
  change: RuleChange,
): Pick<Added, 'rules' | 'keys'> | undefined {
  if (!policy.rules.some((r) => r.name === name)) return undefined;
  const rules = policy.rules.map((r) => (r.name === name ? changedRule(r, change) : r));
  return { rules, keys: withKeys(policy, [...change.signers, ...change.approvers]) };
}

function changedRule(rule: TrustRule, change: RuleChange): TrustRule {
  const { signers, approvers, threshold, approveThreshold, mirrors, maxMode, ceiling, maxAgeDays } = change;
  const { rule: fresh } = newRule({ ...rule, maxMode: 'alert', signers, approvers });
  const approve = united(rule.approve, fresh.approve, approveThreshold);
  const overlay = united(rule.overlay, fresh.overlay, approveThreshold);
  return {
    ...rule,
    sign: united(rule.sign, fresh.sign, threshold) ?? rule.sign,
    ...(approve === undefined ? {} : { approve }),
    ...(overlay === undefined
      ? {}
      : { overlay: { ...overlay, mayWiden: rule.overlay?.mayWiden ?? fresh.overlay?.mayWiden ?? [] } }),
    ...(mirrors === undefined ? {} : { mirrors: new Map([...(rule.mirrors ?? []), ...mirrors]) }),
    ...(maxMode === undefined ? {} : { maxMode }),
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
  };
}

/** The keys of both; the threshold of the first unless another is said. */
function united(set: KeySet | undefined, more: KeySet | undefined, threshold?: number): KeySet | undefined {
  const first = set ?? more;
  if (first === undefined) return undefined;
  const keys = [...new Set([...(set?.keys ?? []), ...(more?.keys ?? [])])];
  return { keys, threshold: threshold ?? first.threshold };
}

/** Keys that are there keep what is said of them. */
export function withKeys(policy: TrustPolicy, more: readonly TrustedKey[]): ReadonlyMap<string, TrustedKey> {
  const keys = new Map(policy.keys);
  for (const trusted of more) if (!keys.has(trusted.key.keyId)) keys.set(trusted.key.keyId, trusted);
  return keys;
}

/** A key signs nothing new from now on. One that is retired already only keeps more. */
export function withRetired(
  policy: TrustPolicy,
  keyId: string,
  { at, reason, keeps }: RetiredKey,
): ReadonlyMap<string, RetiredKey> {
  const earlier = policy.retired?.get(keyId);
  const why = reason ?? earlier?.reason;
  const kept = [...new Set([...(earlier?.keeps ?? []), ...keeps])];
  const key = { at: earlier?.at ?? at, ...(why === undefined ? {} : { reason: why }), keeps: kept };
  return new Map([...(policy.retired ?? []), [keyId, key]]);
}

/** What is taken back, besides what is already. */
export function withRevoked(policy: TrustPolicy, more: Partial<Revocations>): Revocations {
  const { keys, payloads, minVersions } = policy.revoked ?? {
    keys: new Map<string, never>(),
    payloads: new Map<string, never>(),
    minVersions: new Map<string, never>(),
  };
  return {
    keys: new Map([...(more.keys ?? []), ...keys]),
    payloads: new Map([...(more.payloads ?? []), ...payloads]),
    minVersions: new Map([...minVersions, ...(more.minVersions ?? [])]),
  };
}

/** Sets of the policy that too few keys are left for, now that those were retired or revoked, by their place. */
export function unmetSets(policy: TrustPolicy): readonly string[] {
  const sets: readonly (readonly [string, KeySet | undefined])[] = [
    ['roles.root', policy.root],
    ...policy.rules.flatMap((rule) => [
      [`rule ${rule.name}: sign`, rule.sign] as const,
      [`rule ${rule.name}: approve`, rule.approve] as const,
    ]),
  ];
  return sets.flatMap(([place, set]) => (set === undefined || canMeet(policy, set) ? [] : [place]));
}

function canMeet(policy: TrustPolicy, set: KeySet): boolean {
  const learners = new Set(policy.learnerKeys.map((key) => key.keyId));
  const active = set.keys.filter(
    (id) => policy.revoked?.keys.has(id) !== true && policy.retired?.has(id) !== true && !learners.has(id),
  );
  return active.length >= set.threshold;
}
