import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { CollectorError } from '../../ports.ts';
import type { Pair } from './certificates.ts';
import { readKept, writeKept } from './kept-file.ts';

export interface TlsFiles {
  /** What agents are given: the only authority they believe for this collector. */
  readonly caFile: string;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** Left at a start before the certificate is made anew: a quarter of a year. */
const renewBeforeMs = 90 * 86_400_000;

/**
 * Encrypted from the first start: an authority and a server certificate made on the spot, kept in `dir`. The authority
 * stays, so that agents need nothing new when the server certificate is renewed or gets further names.
 *
 * @param names host names and addresses of this collector
 * @param now ms since the Unix epoch
 * @throws CollectorError
 */
export async function tlsFiles(dir: string, names: readonly string[], now: number): Promise<TlsFiles> {
  const authority = await pair(dir, 'ca', async () => (await generator()).makeAuthority(now));
  const server = readPair(dir, 'server');
  const usable = server !== undefined && isUsable(server, authority, names, now);
  const { certificate, key } = usable ? server : await renew(dir, authority, names, now);
  return { caFile: join(dir, 'ca.pem'), certificate: Buffer.from(certificate), key: Buffer.from(key) };
}

async function renew(dir: string, authority: Pair, names: readonly string[], now: number): Promise<Pair> {
  const made = await (await generator()).makeServerCertificate(authority, names, now);
  writePair(dir, 'server', made);
  return made;
}

/** Loaded only when something is to be made: the library costs 100 ms of every start otherwise. */
function generator(): Promise<typeof import('./certificates.ts')> {
  return import('./certificates.ts');
}

async function pair(dir: string, name: string, make: () => Promise<Pair>): Promise<Pair> {
  const kept = readPair(dir, name);
  if (kept !== undefined) return kept;
  const made = await make();
  writePair(dir, name, made);
  return made;
}

function readPair(dir: string, name: string): Pair | undefined {
  const certificate = readKept(join(dir, `${name}.pem`), 0o644);
  const key = readKept(join(dir, `${name}.key`), 0o600);
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

/** The key first: a pair counts only when both are there. */
function writePair(dir: string, name: string, { certificate, key }: Pair): void {
  writeKept(join(dir, `${name}.key`), key, 0o600);
  writeKept(join(dir, `${name}.pem`), certificate, 0o644);
}

function isUsable(server: Pair, authority: Pair, names: readonly string[], now: number): boolean {
  try {
    const certificate = new X509Certificate(server.certificate);
    const covers = names.every(
      (name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined,
    );
    const left = Date.parse(certificate.validTo) - now;
    return (
      covers &&
      left > renewBeforeMs &&
      certificate.verify(new X509Certificate(authority.certificate).publicKey)
    );
  } catch (cause) {
    throw new CollectorError(
      'bad-file',
      'the certificates in the data directory are damaged; remove its directory tls to have new ones made (agents then need the new ca.pem)',
      { cause },
    );
  }
}
