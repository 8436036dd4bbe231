import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { CollectorError } from '../../ports.ts';
import type { Pair } from './certificates.ts';
import { readKept, writeKept } from './kept-file.ts';

export interface TlsFiles {
  /** What agents are given: the authorities they believe for this collector. */
  readonly caFile: string;
  /** The server's, and the authority that signed it: who joins by a pinned key needs to see that one. */
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** The authority that signs. */
  readonly authority: Pair;
  /** All that are believed: two while one follows the other. PEM, and the same parsed. */
  readonly bundle: string;
  readonly authorities: readonly X509Certificate[];
}

/** Of its life, what is left when the certificate is made anew. */
const renewAtShare = 1 / 3;
/** One that signs, one that is being replaced, one that comes; more is a mistake. */
const maxAuthorities = 8;

/**
 * Encrypted from the first start: an authority and a server certificate made on the spot, kept in `dir`. The authority
 * stays, so that agents need nothing new when the server certificate is renewed or gets further names. To replace it,
 * `ca.pem` may hold several: the one that `ca.key` belongs to signs, all are believed and handed to agents.
 *
 * Called again and again while the collector runs: it takes up what was changed and renews what will run out.
 *
 * @param names host names and addresses of this collector
 * @param now ms since the Unix epoch
 * @throws CollectorError
 */
export async function tlsFiles(dir: string, names: readonly string[], now: number): Promise<TlsFiles> {
  const made = await pair(dir, 'ca', async () => (await generator()).makeAuthority(now));
  const caFile = join(dir, 'ca.pem');
  const authorities = parsed(() => pemBlocks(made.certificate).map((pem) => new X509Certificate(pem)));
  const authority = signing(made, authorities, caFile);
  const server = readPair(dir, 'server');
  const usable = server !== undefined && isUsable(server, authority, names, now);
  const { certificate, key } = usable ? server : await renew(dir, authority, names, now);
  return {
    caFile,
    certificate: Buffer.from(`${certificate.trimEnd()}\n${authority.certificate}`),
    key: Buffer.from(key),
    authority,
    bundle: authorities.map((ca) => ca.toString()).join(''),
    authorities,
  };
}

function signing(pair: Pair, authorities: readonly X509Certificate[], caFile: string): Pair {
  if (authorities.length > maxAuthorities)
    throw new CollectorError('bad-file', `${caFile} holds more than ${maxAuthorities} certificates`);
  const key = parsed(() => createPrivateKey(pair.key));
  const own = authorities.find((ca) => ca.ca && ca.checkPrivateKey(key));
  if (own !== undefined) return { certificate: own.toString(), key: pair.key };
  throw new CollectorError(
    'bad-file',
    `${caFile} holds no authority that ca.key is the key of; put the two that belong together there`,
  );
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
  return parsed(() => {
    const certificate = new X509Certificate(server.certificate);
    const covers = names.every(
      (name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined,
    );
    const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
    return (
      covers &&
      to - now > (to - from) * renewAtShare &&
      certificate.checkPrivateKey(createPrivateKey(server.key)) &&
      certificate.verify(new X509Certificate(authority.certificate).publicKey)
    );
  });
}

function pemBlocks(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [text];
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new CollectorError(
      'bad-file',
      'the certificates in the data directory are damaged; remove its directory tls to have new ones made (agents then need the new ca.pem)',
      { cause },
    );
  }
}
