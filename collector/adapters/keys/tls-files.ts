import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
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
 * @param isRunning agents believe the authority that there was: where it is gone none is made in its place
 * @throws CollectorError
 */
export async function tlsFiles(
  dir: string,
  names: readonly string[],
  now: number,
  isRunning = false,
): Promise<TlsFiles> {
  const made = readPair(dir, 'ca') ?? (await newAuthority(dir, now, isRunning));
  const caFile = join(dir, 'ca.pem');
  const authorities = parsed(() => pemBlocks(made.certificate).map((pem) => new X509Certificate(pem)));
  const authority = signing(made, authorities, caFile);
  const server = readPair(dir, 'server');
  const usable = server !== undefined && isUsable(server, authority, names, now);
  const { certificate, key } = usable ? server : await renew(dir, authority, names, now);
  const chain = `${certificate.trimEnd()}\n${authority.certificate}`;
  assertServed(dir, chain, key);
  return {
    caFile,
    certificate: Buffer.from(chain),
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

/** Beside a certificate whose key is gone none is made: agents pinned it, and the key may be moved back. */
async function newAuthority(dir: string, now: number, isRunning: boolean): Promise<Pair> {
  if (isRunning || existsSync(join(dir, 'ca.pem')))
    throw new CollectorError(
      'bad-file',
      `${dir} lacks ca.pem or ca.key; put back what was there. Without both a start makes another authority, which no agent believes`,
    );
  const made = await (await generator()).makeAuthority(now);
  writePair(dir, 'ca', made);
  return made;
}

/** Here rather than where it is shown: a listener that throws on it would end a collector that runs. */
function assertServed(dir: string, cert: string, key: string): void {
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CollectorError(
      'bad-file',
      `${join(dir, 'server.pem')} cannot be shown to anybody (${why}); remove it and server.key to have new ones made`,
      { cause },
    );
  }
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
