import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import type { ShownCertificate } from '../../ports/identities.ts';

const clientAuth = '1.3.6.1.5.5.7.3.2';

/**
 * Looked at here and not left to TLS: its answer is of the moment of the handshake, is kept in resumed sessions, and is
 * the same for a certificate that ran out (which may be renewed) and one that somebody else signed.
 *
 * @returns undefined unless one of the authorities signed it, for a client, and not as an authority
 */
export function readAgentCertificate(
  der: Uint8Array,
  authorities: readonly X509Certificate[],
): ShownCertificate | undefined {
  try {
    const shown = new X509Certificate(Buffer.from(der));
    if (shown.ca || shown.keyUsage?.includes(clientAuth) !== true) return undefined;
    if (!authorities.some((ca) => ca.ca && shown.checkIssued(ca) && shown.verify(ca.publicKey)))
      return undefined;
    return {
      ...namesOf(shown.subjectAltName ?? ''),
      serial: shown.serialNumber,
      key: keyHash(shown.publicKey),
      notBefore: shown.validFromDate.getTime(),
      notAfter: shown.validToDate.getTime(),
    };
  } catch {
    // Whoever sends a certificate that cannot be parsed is nobody.
    return undefined;
  }
}

/** sha256 of the SubjectPublicKeyInfo, hex. */
export function keyHash(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('hex');
}

/** Node writes names that could be mistaken for two in quotes; those are left as they stand and match nothing. */
function namesOf(text: string): { readonly uris: string[]; readonly hosts: string[] } {
  const parts = text === '' ? [] : text.split(', ');
  const known = /^(URI|DNS):(.*)$/;
  const of = (kind: string): string[] =>
    parts.flatMap((part) => {
      const [, said, value = ''] = known.exec(part) ?? [];
      return said === kind ? [value] : [];
    });
  const strange = parts.filter((part) => !known.test(part));
  // A name of another kind is none that we write: it makes two of one, so that the core refuses it.
  return { uris: [...of('URI'), ...strange], hosts: of('DNS') };
}
