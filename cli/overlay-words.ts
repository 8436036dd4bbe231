import { isAddress } from '../fingerprint/address.ts';
import type { Bindings, BoundPeer } from '../fingerprint/bindings.ts';
import type { SiteParameter } from '../fingerprint/fingerprint.ts';
import { formatImageRef } from '../fingerprint/image-ref.ts';
import type { Overlay } from '../fingerprint/overlay.ts';
import { printable } from '../fingerprint/printable.ts';
import type { VerifiedOverlay } from '../fingerprint/verify-overlay.ts';
import { addedSentences, removedSentences } from './grant-words.ts';

/** One sentence per parameter that stands for something. */
export function boundSentences({ sites, volumes }: Bindings): readonly string[] {
  return [
    ...[...sites].map(([name, peers]) => `site ${name} stands for ${peers.map(peerText).join(' and ')}`),
    ...[...volumes].map(
      ([name, directories]) =>
        `volume ${name} stands for ${directories.map((d) => printable(d, 300)).join(' and ')}`,
    ),
  ];
}

/** Everything an overlay says, a sentence each. */
export function overlaySentences({ bindings, add, remove }: Overlay): readonly string[] {
  const said = [
    ...boundSentences(bindings),
    ...(add === undefined ? [] : addedSentences(add).map((s) => `granted besides: ${s}`)),
    ...(remove === undefined ? [] : removedSentences(remove).map((s) => `granted no more: ${s}`)),
  ];
  return said.length === 0 ? ['nothing: what an earlier version said is taken back'] : said;
}

/** One sentence per parameter that stands for nothing. */
export function unboundSentences(unbound: readonly SiteParameter[]): readonly string[] {
  return unbound.map(
    ({ kind, name, what }) =>
      `${kind} ${name} (${printable(what, 200)}) is not bound: whatever needs it is told as drift`,
  );
}

function peerText({ peer, port }: BoundPeer): string {
  const shown = printable(peer.includes(':') && isAddress(peer) ? `[${peer}]` : peer, 300);
  return port === undefined ? `${shown} (the port that the fingerprint names)` : `${shown}:${port}`;
}

/** Bindings as a JSON object. */
export function bindingsTold({ sites, volumes }: Bindings): object {
  return { sites: Object.fromEntries(sites), volumes: Object.fromEntries(volumes) };
}

export function toldOfOverlay({ overlay, digest, signers, rule }: VerifiedOverlay): object {
  const { subject, base, scope, bindings, add, remove, reason, stream, version, issuedAt, expiresAt } =
    overlay;
  return {
    ok: true,
    kind: 'overlay',
    digest,
    base,
    subject,
    scope,
    stream,
    version,
    issuedAt,
    expiresAt,
    reason,
    signers: signers.map(({ key, owner }) => ({ keyId: key.keyId, owner })),
    rule,
    bindings: bindingsTold(bindings),
    add,
    remove,
  };
}

export function overlaySentence({ overlay, digest, signers, rule }: VerifiedOverlay): string {
  const { subject, base, version, issuedAt, expiresAt, reason, scope } = overlay;
  const who = signers
    .map(({ key, owner }) => `${printable(owner, 80)} (key ${key.keyId.slice(0, 12)}…)`)
    .join(' and ');
  const until = expiresAt === undefined ? 'without an end' : `until ${expiresAt}`;
  const where = scope === undefined ? '' : ` in ${printable(`${scope.namespace}/${scope.owner}`, 200)}`;
  const why = reason === undefined ? '' : ` Reason: ${printable(reason, 400)}.`;
  return (
    `${who} signed overlay version ${version} for ${printable(formatImageRef(subject), 700)}${where} on ${issuedAt}, ${until}, ` +
    `by rule ${printable(rule)}: ${overlaySentences(overlay).join('; ')}.${why} Belongs to ${base}. Digest ${digest}.`
  );
}
