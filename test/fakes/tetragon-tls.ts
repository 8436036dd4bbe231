import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import * as x509 from '../../proto/x509.ts';

x509.cryptoProvider.set(webcrypto);
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** Files of an authority and of a client it signed, and what a server needs that asks clients for one. */
export interface TetragonTls {
  readonly ca: string;
  readonly otherCa: string;
  readonly certificate: string;
  readonly key: string;
  readonly server: ServerCredentials;
  readonly expired: ServerCredentials;
}

/** @param name in the server's certificate. @param now ms since the epoch */
export async function makeTetragonTls(dir: string, name: string, now: number): Promise<TetragonTls> {
  const authority = await Authority.make(now);
  const other = await Authority.make(now);
  const client = await authority.issue(name, now, 1);
  const file = (called: string, text: string): string => {
    const path = join(dir, called);
    writeFileSync(path, text);
    return path;
  };
  const credentials = ({ certificate, key }: Pair) =>
    ServerCredentials.createSsl(
      Buffer.from(authority.pem),
      [{ cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) }],
      true,
    );
  return {
    ca: file('ca.pem', authority.pem),
    otherCa: file('other-ca.pem', other.pem),
    certificate: file('client.pem', client.certificate),
    key: file('client.key', client.key),
    server: credentials(await authority.issue(name, now, 1)),
    expired: credentials(await authority.issue(name, now, -1)),
  };
}

class Authority {
  readonly pem: string;
  readonly #certificate: x509.X509Certificate;
  readonly #key: webcrypto.CryptoKey;

  private constructor(certificate: x509.X509Certificate, key: webcrypto.CryptoKey) {
    this.#certificate = certificate;
    this.#key = key;
    this.pem = certificate.toString('pem');
  }

  static async make(now: number): Promise<Authority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=test authority',
      notBefore: new Date(now - 10 * dayMs),
      notAfter: new Date(now + dayMs),
      keys,
      signingAlgorithm: algorithm,
      extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
    });
    return new Authority(certificate, keys.privateKey);
  }

  /** @param days until it expires */
  async issue(name: string, now: number, days: number): Promise<Pair> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: 'CN=test',
      issuer: this.#certificate.subject,
      notBefore: new Date(now - 5 * dayMs),
      notAfter: new Date(now + days * dayMs),
      publicKey: keys.publicKey,
      signingKey: this.#key,
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
    });
    const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    return { certificate: certificate.toString('pem'), key: x509.PemConverter.encode(der, 'PRIVATE KEY') };
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}
