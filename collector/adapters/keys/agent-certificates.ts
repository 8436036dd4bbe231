import { createPublicKey, type KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '../../../proto/x509.ts';
import { importKey, type Pair, serial, signingAlgorithm } from './certificates.ts';

/** Clocks of agents may be behind: by minutes, not by the day that a certificate lasts. */
const backdateMs = 5 * 60_000;
/** X.520: a common name has at most 64 characters. The whole name stands beside it. */
const maxCommonName = 64;

/** What a certificate is to say. */
export interface AgentSubject {
  readonly spiffeId: string;
  readonly node: string;
  readonly now: number;
  readonly lifetimeMs: number;
}

/**
 * The public key of a certificate request that is signed with the key it asks for.
 * @returns a sentence when it is none that is taken
 */
export async function keyOfCsr(der: Uint8Array): Promise<Uint8Array | string> {
  try {
    const request = new x509.Pkcs10CertificateRequest(exactly(der));
    const spki = new Uint8Array(request.publicKey.rawData);
    if (!isTaken(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })))
      return 'the request is for a key that is neither P-256 nor Ed25519';
    if (!(await request.verify(webcrypto)))
      return 'the request is not signed with the key it asks a certificate for';
    return spki;
  } catch {
    return 'this is no certificate request in DER (PKCS#10)';
  }
}

function isTaken(key: KeyObject): boolean {
  if (key.asymmetricKeyType === 'ed25519') return true;
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
}

/** Signs for a client and for nothing else, whatever was asked for. @returns PEM */
export async function makeAgentCertificate(
  authority: Pair,
  spki: Uint8Array,
  { spiffeId, node, now, lifetimeMs }: AgentSubject,
): Promise<string> {
  const ca = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${node.slice(0, maxCommonName)}`,
    issuer: ca.subject,
    notBefore: new Date(now - backdateMs),
    // No certificate outlives who signed it.
    notAfter: new Date(Math.min(now + lifetimeMs, ca.notAfter.getTime())),
    publicKey: new x509.PublicKey(exactly(spki)),
    signingKey: await importKey(authority.key),
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'url', value: spiffeId },
        { type: 'dns', value: node },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
    ],
  });
  return certificate.toString('pem');
}

/** The library takes the whole of the memory behind a view. */
function exactly(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
