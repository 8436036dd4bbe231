import { createHash, X509Certificate } from 'node:crypto';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { IdentityError } from './identity-error.ts';

const timeoutMs = 15_000;
/** A server shows itself and who signed it; a chain that is longer is none of ours. */
const longestChain = 4;

/** What a join token says of the authority of its collector: the first 32 hex digits of its key's sha256. */
export function pinOf(joinToken: string): string | undefined {
  return /^whorl-join\.[0-9a-f]{16}\.[\w-]{43}\.([0-9a-f]{32})$/.exec(joinToken)?.[1];
}

/**
 * The authority with this key, as whoever answers at the address shows it. Nothing is sent there, and nothing else it
 * shows is believed: the connection that is spoken on is made afterwards, and checked against this authority.
 *
 * @returns PEM
 * @throws IdentityError
 */
export async function pinnedAuthority(address: string, pin: string): Promise<string> {
  for (const certificate of await chainAt(address)) {
    const key = certificate.publicKey.export({ format: 'der', type: 'spki' });
    if (certificate.ca && createHash('sha256').update(key).digest('hex').slice(0, 32) === pin)
      return certificate.toString();
  }
  throw new IdentityError(
    'wrong-collector',
    `who answers at ${address} is not the collector that made this join token; check the address, and make a new token if the authority of the collector was replaced`,
  );
}

function chainAt(address: string): Promise<X509Certificate[]> {
  const { promise, resolve, reject } = Promise.withResolvers<X509Certificate[]>();
  const fail = (why: string): void =>
    reject(new IdentityError('unreachable', `the collector at ${address} cannot be reached: ${why}`));
  const socket = connect({
    ...endOf(address),
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.3',
    // To see who it says it is; what it says is compared with the pin, and the connection is dropped.
    rejectUnauthorized: false,
    timeout: timeoutMs,
  });
  socket.on('secureConnect', () => {
    resolve(chainOf(socket.getPeerCertificate(true)));
    socket.destroy();
  });
  socket.on('timeout', () => {
    fail('it does not answer');
    socket.destroy();
  });
  socket.on('error', (error) => fail(sentenceOf(error)));
  return promise;
}

/** What OpenSSL says is for those who build it. */
function sentenceOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  return code.startsWith('ERR_SSL')
    ? `what answers there does not serve agents (${code}); it is the port of listen, 7443, not that of the HTTP API`
    : error.message;
}

function chainOf(first: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let at: DetailedPeerCertificate | undefined = first;
  while (at?.raw !== undefined && chain.length < longestChain) {
    chain.push(new X509Certificate(at.raw));
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return chain;
}

function endOf(address: string): { path: string } | { host: string; port: number } {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) };
  const [, host = '', port] = /^(.*):(\d+)$/.exec(address) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
