import type { ApprovedFingerprint, SiteApprovalContent } from '../../fingerprint/approval.ts';
import type { PrivateKey } from '../../fingerprint/keys.ts';
import { type SignedApproval, signApproval } from '../../fingerprint/sign-approval.ts';
import type { StatementOptions } from '../../fingerprint/statement-options.ts';
import { ceilingClasses, widenClasses } from '../../fingerprint/trust-classes.ts';
import type { TrustPolicy, TrustRule } from '../../fingerprint/trust-policy.ts';
import { site, sitePolicy } from './overlays.ts';
import { baseline, testKey } from './trust.ts';

/** Two people of the site who may approve. */
export const approver = testKey(6);
export const second = testKey(7);

const [rule] = sitePolicy.rules;
if (rule === undefined) throw new Error('the policy of the tests has a rule');

/** The vendor signs, the site's operations add anything, two people approve, and what a vendor may not grant alone is inert. */
export const approvalPolicy = policyWith({});

/** The same with a rule that differs. */
export function policyWith(changes: Partial<TrustRule>, more: readonly TrustRule[] = []): TrustPolicy {
  const people = [
    [approver, 'Ada of Security'],
    [second, 'Grace of the Shop'],
  ] as const;
  const approve = { keys: people.map(([key]) => key.publicKey.keyId), threshold: 1 };
  const overlay = { keys: [site.publicKey.keyId], threshold: 1, mayWiden: widenClasses };
  return {
    ...sitePolicy,
    keys: new Map([
      ...sitePolicy.keys,
      ...people.map(([key, owner]) => [key.publicKey.keyId, { key: key.publicKey, owner }] as const),
    ]),
    rules: [
      { ...(rule as TrustRule), approve, overlay, ceiling: ceilingClasses, maxMode: 'kill', ...changes },
      ...more,
    ],
  };
}

export const approvalOptions: StatementOptions = {
  stream: 'shop',
  version: 2,
  issuedAt: '2026-05-02T11:00:00Z',
  expiresAt: '2026-11-02T11:00:00Z',
};

export const itemFor = (
  fingerprint: string,
  more: Partial<ApprovedFingerprint> = {},
): ApprovedFingerprint => ({
  image: baseline.subject,
  fingerprint,
  mode: 'kill',
  carry: 'repository',
  ...more,
});

export const approvalFor = (...items: readonly ApprovedFingerprint[]): SiteApprovalContent => ({
  items,
  reason: 'CHG-4711: cart may be stopped',
});

export const approves = (
  items: readonly ApprovedFingerprint[],
  options: Partial<StatementOptions> = {},
  key: PrivateKey = approver,
): SignedApproval => signApproval(approvalFor(...items), { ...approvalOptions, ...options }, key);
