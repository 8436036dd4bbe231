import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';
import type { CoverageWord } from '../../../fingerprint/coverage.ts';
import type { Identity, NodeCertificate } from '../../ports/uplink.ts';
import { isLocal } from './address.ts';

/** Where the collector is, and who this node is there. */
export interface Endpoint {
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  /** Asked at each attempt. Absent only with `insecureLoopback`. */
  readonly identity?: Identity;
  /** Unencrypted, for a unix socket or a loopback address and nothing else: then nobody proves who he is. */
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
  /** The collector's epoch under which that was, read at each attempt; undefined when none was ever told. */
  readonly epoch?: string | undefined;
  /** 0 … 1, for jitter: a thousand agents must not come back in the same second. */
  readonly random: () => number;
}

export class UplinkError extends Error {
  readonly code: 'insecure' | 'no-identity' | 'bad-certificate';
  constructor(code: UplinkError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UplinkError';
    this.code = code;
  }
}

/** @throws UplinkError when it would be unencrypted and could be heard */
export function credentialsFor(endpoint: Endpoint, shown: NodeCertificate | undefined): ChannelCredentials {
  if (shown !== undefined) return encrypted(shown);
  if (endpoint.insecureLoopback !== true)
    throw new UplinkError('no-identity', 'a collector is connected to with a certificate, and there is none');
  if (isLocal(endpoint.address)) return credentials.createInsecure();
  throw new UplinkError(
    'insecure',
    `refusing to send unencrypted to ${endpoint.address}: insecureLoopback is for a unix socket or a loopback address`,
  );
}

/** @param shown its certificate and key are absent of who has none yet. @throws UplinkError */
export function encrypted(shown: Pick<NodeCertificate, 'ca'> & Partial<NodeCertificate>): ChannelCredentials {
  try {
    return credentials.createSsl(shown.ca, shown.key, shown.certificate);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UplinkError(
      'bad-certificate',
      `the certificate, key or CA file for the collector cannot be used (${why}); correct collectorCa, or remove agent/identity to enrol this node again`,
      { cause },
    );
  }
}

/** Of every connection to the collector. */
export function channelOptions(address: string): ChannelOptions {
  return {
    // Its own connection, so that no back-off of an earlier attempt delays this one.
    'grpc.use_local_subchannel_pool': 1,
    // A certificate names hosts; TLS has no server name that is an address (RFC 6066), and Node warns of one.
    ...(/^(127\.|\[::1\])/.test(address) ? { 'grpc.ssl_target_name_override': 'localhost' } : {}),
    // A unix socket closes when its peer dies; only a network can swallow a connection.
    ...(isLocal(address) ? {} : { 'grpc.keepalive_time_ms': 30_000, 'grpc.keepalive_timeout_ms': 10_000 }),
  };
}
