import { webcrypto } from 'node:crypto';
import * as x509 from '../../../proto/x509.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * Made once for a key and kept beside it, so that the library is loaded on the day a node is enrolled and never again:
 * every renewal sends the same request. It names nothing; the collector writes what it knows.
 *
 * @param pkcs8 the private key, DER
 * @returns PKCS#10, DER
 */
export async function certificateRequest(pkcs8: Uint8Array, spki: Uint8Array): Promise<Uint8Array> {
  const { subtle } = webcrypto;
  const privateKey = await subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const publicKey = await subtle.importKey('spki', spki, algorithm, true, ['verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    { name: 'CN=whorl-agent', keys: { privateKey, publicKey }, signingAlgorithm: algorithm },
    webcrypto,
  );
  return new Uint8Array(request.rawData);
}
