import { webcrypto } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority, type Pair } from '../../collector/adapters/keys/certificates.ts';
import * as x509 from '../../proto/x509.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

/** A certificate in files, as a server or client is given it. */
export interface Files {
  readonly certificate: string;
  readonly key: string;
}

export interface Certificates {
  readonly dir: string;
  readonly ca: string;
  /** For 127.0.0.1, localhost and tracee.example. */
  readonly server: Files;
  readonly expired: Files;
  /** For elsewhere.example alone. */
  readonly elsewhere: Files;
  readonly client: Files;
  /** An authority that signed none of them, and a client of its. */
  readonly otherCa: string;
  readonly otherClient: Files;
}

/** Made anew for each test: no key is ever kept. */
export async function makeCertificates(): Promise<Certificates> {
  const dir = mkdtempSync(join(tmpdir(), 'whorl-certificates-'));
  const now = Date.now();
  const [authority, other] = [await makeAuthority(now), await makeAuthority(now)];
  const own = ['127.0.0.1', 'localhost', 'tracee.example'];
  const leaf = async (name: string, by: Pair, names: readonly string[], days = 2): Promise<Files> =>
    write(dir, name, await makeLeaf(by, names, now, days));
  return {
    dir,
    ca: file(dir, 'ca.pem', authority.certificate),
    server: await leaf('server', authority, own),
    expired: await leaf('expired', authority, own, -1),
    elsewhere: await leaf('elsewhere', authority, ['elsewhere.example']),
    client: await leaf('client', authority, ['agent.example']),
    otherCa: file(dir, 'other-ca.pem', other.certificate),
    otherClient: await leaf('other-client', other, ['agent.example']),
  };
}

async function makeLeaf(by: Pair, names: readonly string[], now: number, days: number): Promise<Pair> {
  const ca = new x509.X509Certificate(by.certificate);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const [der] = x509.PemConverter.decode(by.key);
  if (der === undefined) throw new Error('no key');
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(
      webcrypto.getRandomValues(new Uint8Array(8)).map((b, i) => (i === 0 ? b & 0x7f : b)),
    ).toString('hex'),
    subject: `CN=${names[0]}`,
    issuer: ca.subject,
    notBefore: new Date(now - 5 * dayMs),
    notAfter: new Date(now + days * dayMs),
    publicKey: keys.publicKey,
    signingKey: await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
}

function write(dir: string, name: string, { certificate, key }: Pair): Files {
  return { certificate: file(dir, `${name}.pem`, certificate), key: file(dir, `${name}.key`, key) };
}

function file(dir: string, name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
