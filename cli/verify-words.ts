import { effectiveOf } from '../fingerprint/effective.ts';
import { formatImageRef } from '../fingerprint/image-ref.ts';
import { printable } from '../fingerprint/printable.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { modes } from '../fingerprint/verdict.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import { signatures } from './policy-text.ts';

/** A verified fingerprint as one JSON object. */
export function toldOfFingerprint(verified: VerifiedFingerprint): object {
  const { digest, signers, rule, maxMode, warnings, fingerprint, provisional, ceiling, approve } = verified;
  const { subject, stream, version, issuedAt, expiresAt } = fingerprint;
  return {
    ok: true,
    digest,
    subject,
    stream,
    version,
    issuedAt,
    expiresAt,
    signers,
    rule,
    mode: maxMode,
    ...(provisional ? { provisional } : {}),
    // What a site approval would add.
    alone: {
      mode: modes[Math.min(modes.indexOf(maxMode), modes.indexOf('alert'))],
      inert: inertEntries(verified),
      ceiling,
    },
    ...(approve === undefined ? {} : { approve }),
    warnings,
  };
}

/** Who signed what, how far it goes alone, and what an approval of the site would add. */
export function fingerprintSentence(verified: VerifiedFingerprint, policy: TrustPolicy): string {
  const { digest, signers, rule, maxMode, fingerprint, provisional } = verified;
  const { subject, stream, version, issuedAt, expiresAt } = fingerprint;
  const who = signers.map((s) => `${printable(s.owner, 80)} (key ${s.keyId.slice(0, 12)}…)`).join(' and ');
  const until = expiresAt === undefined ? 'without an end' : `until ${expiresAt}`;
  const by = provisional
    ? 'learned here and looked at by nobody, it goes as far as alert'
    : `rule ${printable(rule)} lets it go as far as ${maxMode}`;
  return (
    `${who} signed version ${version} of ${printable(stream)} for ${printable(formatImageRef(subject), 700)} ` +
    `on ${issuedAt}, ${until}; ${by}.${aloneSentence(verified, policy)} Digest ${digest}.`
  );
}

function aloneSentence(verified: VerifiedFingerprint, policy: TrustPolicy): string {
  const { approve, maxMode, provisional } = verified;
  if (provisional) return '';
  const mayStop = modes.indexOf(maxMode) > modes.indexOf('alert');
  const inert = inertEntries(verified);
  if (approve === undefined)
    return mayStop ? ' Nobody may approve for this site, so it alerts and stops nothing.' : '';
  const held =
    inert === 0
      ? ''
      : `${inert} ${inert === 1 ? 'entry grants' : 'entries grant'} nothing (${verified.ceiling.join(', ')})`;
  const stops = mayStop ? 'it stops nothing' : '';
  const without = [stops, held].filter((part) => part !== '').join(' and ');
  return without === ''
    ? ''
    : ` Without an approval of the site ${without}; it takes ${signatures(policy, approve)}.`;
}

/** Entries that its signer may not grant alone. */
function inertEntries(verified: VerifiedFingerprint): number {
  return effectiveOf(verified, { overlays: [], approvals: [] }).inert.length;
}
