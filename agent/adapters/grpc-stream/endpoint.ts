import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { authorityIn, pairIn } from '../pem/pem-files.ts';
import type { GrpcEndpoint } from './grpc.ts';
import { problem } from './refusal.ts';

export type Address = { readonly path: string } | { readonly host: string; readonly port: number };

/** @throws SourceError */
export function addressOf(endpoint: GrpcEndpoint): Address {
  const { address } = endpoint;
  const [, path] = /^unix:(?:\/\/)?(\/.+)$/.exec(address) ?? [];
  if (path !== undefined) return { path };
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/[\]]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535 || Number(port) === 0)
    throw problem(endpoint, 'bad-setting', 'sourceAddress must be unix:/path or host:port');
  return { host, port: Number(port) };
}

/** What a request says of whom it is for; a unix socket has no host. */
export function authorityOf(endpoint: GrpcEndpoint): string {
  return 'path' in addressOf(endpoint) ? 'localhost' : endpoint.address;
}

export interface TlsFiles {
  readonly ca: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** @returns undefined: no TLS. @throws SourceError naming the file that is wrong */
export function tlsFilesOf({ ca, certificate, key }: GrpcEndpoint): TlsFiles | undefined {
  if (ca === undefined) return undefined;
  const pair = certificate === undefined || key === undefined ? {} : pairIn(certificate, key);
  return { ca: authorityIn(ca), ...pair };
}

/** @returns undefined: no TLS. @throws SourceError */
export function tlsOptionsOf(endpoint: GrpcEndpoint): ConnectionOptions | undefined {
  const files = tlsFilesOf(endpoint);
  if (files === undefined) return undefined;
  const address = addressOf(endpoint);
  const host = 'path' in address ? 'localhost' : address.host;
  // A server name is never an address (RFC 6066); the certificate is then checked against the address itself.
  const servername = endpoint.name ?? (isIP(host) === 0 ? host : '');
  return { ...files, servername, ALPNProtocols: ['h2'], minVersion: 'TLSv1.2' };
}
