import { readFileSync, statSync } from 'node:fs';
import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import type { CoverageWord } from '../../../fingerprint/coverage.ts';
import { isLocal } from './address.ts';

/** Where the collector is and how it is known. Files are read at each attempt, so that renewed ones are taken up. */
export interface Endpoint {
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  /** PEM of the only authority that is believed for this address. */
  readonly caFile?: string;
  /** Holds the token of this collector; must be readable by its owner alone. */
  readonly tokenFile: string;
  /** Unencrypted, for a unix socket or a loopback address and nothing else. */
  readonly insecureLoopback?: boolean;
}

export interface UplinkOptions extends Endpoint {
  /** Names the spool: kept beside it and made anew with it, because sequence numbers are counted under it. */
  readonly agent: string;
  readonly node: string;
  readonly cluster: string;
  /** 128-bit hex nonce of this start. */
  readonly session: string;
  readonly version: string;
  readonly source: string;
  /** Release of the kernel. */
  readonly kernel?: string;
  readonly coverage: readonly CoverageWord[];
  /** Highest sequence number this spool was ever acknowledged, 0 when not known. */
  readonly acked?: number;
  /** 0 … 1, for jitter: a thousand agents must not come back in the same second. */
  readonly random: () => number;
}

export class UplinkError extends Error {
  readonly code: 'insecure' | 'ca-file' | 'token-file';
  constructor(code: UplinkError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UplinkError';
    this.code = code;
  }
}

/** @throws UplinkError */
export function credentialsFor(endpoint: Endpoint): ChannelCredentials {
  if (endpoint.insecureLoopback === true) {
    if (isLocal(endpoint.address)) return credentials.createInsecure();
    throw new UplinkError(
      'insecure',
      `refusing to send unencrypted to ${endpoint.address}: insecure-loopback is for a unix socket or a loopback address`,
    );
  }
  if (endpoint.caFile === undefined) {
    throw new UplinkError(
      'ca-file',
      'the collector cannot be known without its CA file (tls/ca.pem of the collector)',
    );
  }
  return credentials.createSsl(read('ca-file', endpoint.caFile));
}

/** @throws UplinkError when the token cannot be read, or could be read by others */
export function authorization({ tokenFile }: Endpoint): Metadata {
  const token = read('token-file', tokenFile).toString('utf8').trim();
  const others = statSync(tokenFile).mode & 0o077;
  if (others !== 0) {
    throw new UplinkError(
      'token-file',
      `${tokenFile} can be read by others than its owner; set its mode to 0600`,
    );
  }
  if (!/^[\x21-\x7e]{16,512}$/.test(token)) {
    throw new UplinkError(
      'token-file',
      `${tokenFile} holds no token; copy agent-token from the collector's data directory`,
    );
  }
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

function read(code: UplinkError['code'], file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    throw new UplinkError(
      code,
      `${file} cannot be read (${why}); copy it from the collector's data directory`,
      { cause },
    );
  }
}
