import type { ApprovedFingerprint, SiteApproval } from '../fingerprint/approval.ts';
import { formatImageRef } from '../fingerprint/image-ref.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import type { VerifiedApproval } from '../fingerprint/verify-approval.ts';

/** What an approval decides, one sentence per fingerprint. */
export function approvalSentences({ items }: SiteApproval): readonly string[] {
  return items.length === 0 ? ['It takes back what its stream approved before.'] : items.map(itemSentence);
}

function itemSentence(item: ApprovedFingerprint): string {
  const { image, fingerprint, mode, carry, overlays } = item;
  const where = scopeWords(item.scope);
  const later = laterWords(mode, carry);
  const together =
    overlays === undefined ? '' : ` together with ${overlays.map((d) => d.slice(0, 19)).join(', ')}…`;
  return `${printable(formatImageRef(image), 700)} ${modeWords(mode)}${where}; ${later}. Fingerprint ${fingerprint}${together}.`;
}

function laterWords(mode: Mode, carry: ApprovedFingerprint['carry']): string {
  if (carry === 'digest') return 'later digests need an approval of their own';
  return mode === 'observe' || mode === 'alert'
    ? 'so are later digests of the repository'
    : 'later digests of the repository for what is never learnable alone, until their difference is approved';
}

function modeWords(mode: Mode): string {
  switch (mode) {
    case 'observe':
      return 'is only observed';
    case 'alert':
      return 'is alerted on at most';
    case 'freeze':
      return 'may be frozen when it drifts';
    case 'kill':
      return 'may be killed when it drifts';
  }
}

/** ` in cluster eu, namespace shop`; nothing where it holds everywhere. */
export function scopeWords(scope: ApprovedFingerprint['scope']): string {
  const said = [
    ['cluster', scope?.clusters],
    ['namespace', scope?.namespaces],
    ['owner', scope?.owners],
  ] as const;
  const words = said.flatMap(([what, names]) =>
    names === undefined ? [] : [`${what} ${names.map((n) => printable(n, 200)).join(' or ')}`],
  );
  return words.length === 0 ? '' : ` in ${words.join(', ')}`;
}

/** A verified approval in one paragraph: by whom, until when, why, and what it decides. */
export function approvalSentence({ approval, signers, digest }: VerifiedApproval): string {
  const { stream, version, issuedAt, expiresAt, reason } = approval;
  const who = signers
    .map(({ key, owner }) => `${printable(owner, 80)} (key ${key.keyId.slice(0, 12)}…)`)
    .join(' and ');
  const until = expiresAt === undefined ? 'without an end' : `until ${expiresAt}`;
  return (
    `${who} approved on ${issuedAt}, ${until}, as version ${version} of ${printable(stream)}. ` +
    `${approvalSentences(approval).join(' ')} Reason: ${printable(reason, 400)}. Digest ${digest}.`
  );
}

export function toldOfApproval({ approval, digest, signers }: VerifiedApproval): object {
  const { items, reason, stream, version, issuedAt, expiresAt } = approval;
  return {
    ok: true,
    kind: 'approval',
    digest,
    stream,
    version,
    issuedAt,
    expiresAt,
    reason,
    signers: signers.map(({ key, owner }) => ({ keyId: key.keyId, owner })),
    items,
  };
}
