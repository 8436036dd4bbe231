import { printable } from '../fingerprint/printable.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';

/** What a trust policy means, in sentences. */
export function policySentences(policy: TrustPolicy): string[] {
  const until = policy.expiresAt === undefined ? '' : `, valid until ${policy.expiresAt}`;
  const rules = policy.rules.map((rule) => {
    const images = rule.images
      .map((pattern) => (pattern === '**' ? 'every image' : printable(pattern)))
      .join(', ');
    const who = rule.sign.keys.map((id) => holder(policy, id)).join(' or ');
    return `Rule ${printable(rule.name)}: for ${images}, ${who} may sign; what is signed may go as far as ${rule.maxMode}.`;
  });
  const orders = policy.commandKeys.map((key) => holder(policy, key.keyId)).join(' or ');
  const learners = policy.learnerKeys.map((key) => holder(policy, key.keyId)).join(' or ');
  return [
    `Trust policy version ${policy.version} of ${policy.issuedAt}${until}. The first rule that matches decides.`,
    ...rules,
    ...(learners === ''
      ? []
      : [`${learners} may sign what was learned of copies of this site; that alerts and goes no further.`]),
    orders === '' ? 'Nobody may give orders to agents.' : `${orders} may give orders to agents.`,
  ];
}

function holder(policy: TrustPolicy, keyId: string): string {
  return `${printable(policy.keys.get(keyId)?.owner ?? '', 80)} (key ${keyId.slice(0, 12)}…)`;
}
