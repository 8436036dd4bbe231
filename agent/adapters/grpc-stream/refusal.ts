import { printable } from '../../../fingerprint/printable.ts';
import { SourceError } from '../../ports/source.ts';
import type { CallEnd, GrpcEndpoint } from './grpc.ts';

/** What went wrong with a connection or a call, in sentences that say what to do. */

type Code = SourceError['code'];

/** gRPC status codes that mean something here. */
export const status = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  permissionDenied: 7,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** How whoever connects hears that nobody is there, or not who was meant. */
const refusals: readonly (readonly [match: RegExp, code: Code, sentence: string])[] = [
  [
    /\bENOENT\b/,
    'unreachable',
    'there is no such socket; start it, or say with sourceAddress where it listens',
  ],
  [
    /\b(EACCES|EPERM)\b/,
    'no-permission',
    'the socket may not be opened by this user; run the agent as the user the socket belongs to, root as a rule',
  ],
  [
    /\bECONNREFUSED\b/,
    'unreachable',
    'nobody listens there; start it, or say with sourceAddress where it listens',
  ],
  [/\b(ENOTFOUND|EAI_AGAIN)\b/, 'unreachable', 'its host name is not known; correct sourceAddress'],
  [/CERT_HAS_EXPIRED|certificate has expired/, 'wrong-certificate', 'its certificate has expired; renew it'],
  [
    /CERT_NOT_YET_VALID|not yet valid/,
    'wrong-certificate',
    'its certificate is not valid yet; set the clock, or make the certificate anew',
  ],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate/,
    'wrong-certificate',
    'its certificate names another host; say with sourceName which name it has',
  ],
  [
    /certificate.required|bad.certificate|handshake.failure|unknown.ca|alert.number.(42|46|48|116)/i,
    'wrong-certificate',
    'it does not take our certificate; give it one it knows with sourceCertificate and sourceKey',
  ],
  [
    /SELF_SIGNED|self.signed|signature failure|UNABLE_TO_(VERIFY|GET)|unable to (verify|get)|CERT_/i,
    'wrong-certificate',
    'its certificate was not issued by the authority in sourceCa; put that authority there',
  ],
  [
    /ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|INVALID_RECORD|TLS_ALERT)|wrong version number|packet length too long/i,
    'wrong-service',
    'it does not speak TLS; leave sourceCa empty, or switch TLS on there',
  ],
  [
    /no.application.protocol/i,
    'wrong-service',
    'it speaks TLS and not HTTP/2; say with sourceAddress where its gRPC server is',
  ],
];

/** What grpc-js says of who hangs up before HTTP/2 began, and the system of who does so rudely. */
const hangsUp = /\b(ECONNRESET|EPIPE)\b|Failed to connect/;
/** What grpc-js says of who answers something else. */
const speaksOtherwise = /Protocol error|Parse Error/;

/** @param cause what the system, the TLS library or grpc-js said */
export function refusal(endpoint: GrpcEndpoint, cause: Error): SourceError {
  const text = `${'code' in cause ? String(cause.code) : ''} ${cause.message}`;
  const [, code, sentence] = refusals.find(([match]) => match.test(text)) ?? [];
  if (code !== undefined) return problem(endpoint, code, sentence ?? '', cause);
  if (hangsUp.test(text)) return hungUp(endpoint);
  if (speaksOtherwise.test(text)) return notGrpc(endpoint, 'it does not speak HTTP/2');
  return problem(endpoint, 'unreachable', `it cannot be reached (${printable(cause.message)})`, cause);
}

/** It ended the connection before it said anything. */
export function hungUp(endpoint: GrpcEndpoint): SourceError {
  return endpoint.ca === undefined
    ? notGrpc(
        endpoint,
        'it hangs up: it does not speak HTTP/2, or wants TLS (then name its authority with sourceCa)',
      )
    : problem(
        endpoint,
        'wrong-certificate',
        'it hangs up once the line is encrypted, as who does not take our certificate; give it one it knows with sourceCertificate and sourceKey',
      );
}

/** @param sentence goes on after whom it is about */
export function problem(
  { called, address }: GrpcEndpoint,
  code: Code,
  sentence: string,
  cause?: Error,
): SourceError {
  return new SourceError(code, `${called} at ${printable(address)}: ${sentence}`, { cause });
}

/** The end of a call, as gRPC's status says it. @param detail what the server wrote beside it */
export function endOf(endpoint: GrpcEndpoint, path: string, code: number, detail: string): CallEnd {
  const said = detail === '' ? '' : ` (${printable(detail)})`;
  const [kind, sentence] = meaningOf(code, path);
  return { status: code, error: problem(endpoint, kind, `${sentence}${said}`) };
}

function meaningOf(code: number, path: string): readonly [Code, string] {
  switch (code) {
    case status.ok:
      return ['source-ended', 'it ended the stream'];
    case status.cancelled:
      return ['source-ended', 'the stream was cancelled'];
    case status.unimplemented:
      return [
        'wrong-service',
        `it knows no ${path}; another service listens there, or a release that does not have it: correct sourceAddress, or update it`,
      ];
    case status.permissionDenied:
    case status.unauthenticated:
      return ['no-permission', `it does not let us ask ${path}`];
    case status.unavailable:
      return ['source-ended', 'the connection is gone'];
    default:
      return ['source-ended', `it ended the stream with gRPC status ${code}`];
  }
}

/** Somebody answers, and it is not gRPC. */
export function notGrpc(endpoint: GrpcEndpoint, what: string): SourceError {
  return problem(endpoint, 'wrong-service', `${what}; say with sourceAddress where its gRPC server is`);
}
