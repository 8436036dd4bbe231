import { bad, bytes, count, member, name, WireError } from './wire-fields.ts';

/** Wire ↔ domain of the service Enrolment, pure, for both ends. */

const protocolVersion = 2;

/** A request for a P-256 or Ed25519 key is 200 to 400 bytes; one that asks for much is ignored, not stored. */
const maxCsrBytes = 4096;
/** Projected tokens are 1 to 2 KiB. */
const maxTokenLength = 16_384;
/** A certificate, or a few authorities while one follows another. */
const maxPemLength = 65_536;
export const maxEnrolmentBytes = 128 * 1024;

export const enrolMethods = ['join-token', 'kubernetes'] as const;
export type EnrolMethod = (typeof enrolMethods)[number];

export const enrolRefusedCodes = [
  'protocol-version',
  'bad-message',
  'bad-csr',
  'bad-name',
  'token-unknown',
  'token-used',
  'token-expired',
  'token-audience',
  'node-mismatch',
  'node-taken',
  'cluster-mismatch',
  'cluster-unknown',
  'service-account',
  'pod-not-on-node',
  'revoked',
  'no-certificate',
  'certificate-unknown',
  'certificate-expired',
  'certificate-early',
  'too-many-attempts',
  'unavailable',
] as const;
export type EnrolRefusedCode = (typeof enrolRefusedCodes)[number];

export interface EnrolRequest {
  readonly csr: Uint8Array;
  readonly method: EnrolMethod;
  readonly token: string;
  readonly cluster: string;
  readonly node: string;
}

export type EnrolResponse =
  | { readonly certificate: string; readonly ca: string; readonly notAfter: number }
  | { readonly refused: EnrolRefusedCode; readonly sentence: string };

export function enrolRequestToWire(request: EnrolRequest): object {
  return { protocol_version: protocolVersion, ...request };
}

export function renewRequestToWire(csr: Uint8Array): object {
  return { protocol_version: protocolVersion, csr };
}

export function enrolResponseToWire(response: EnrolResponse): object {
  if ('refused' in response)
    return { refused: { code: response.refused, sentence: response.sentence.slice(0, 1024) } };
  return { certificate: response.certificate, ca: response.ca, not_after: response.notAfter };
}

/** @throws WireError */
export function parseEnrolRequest(wire: object): EnrolRequest {
  checkVersion(wire);
  const said = member(wire, 'method');
  const method = enrolMethods.find((m) => m === said);
  if (method === undefined) throw bad('method', `is none of ${enrolMethods.join(', ')}`);
  const token = member(wire, 'token');
  if (typeof token !== 'string' || token.length > maxTokenLength || !/^[\x21-\x7e]+$/.test(token))
    throw bad('token', 'holds no token');
  return {
    csr: bytes(wire, 'csr', maxCsrBytes),
    method,
    token,
    cluster: name(wire, 'cluster', /./),
    node: name(wire, 'node', /./),
  };
}

/** @returns the request for a certificate. @throws WireError */
export function parseRenewRequest(wire: object): Uint8Array {
  checkVersion(wire);
  return bytes(wire, 'csr', maxCsrBytes);
}

/** @throws WireError */
export function parseEnrolResponse(wire: object): EnrolResponse {
  const refused = member(wire, 'refused');
  if (typeof refused === 'object' && refused !== null) {
    const said = member(refused, 'code');
    const sentence = member(refused, 'sentence');
    return {
      // A newer collector may have reasons of its own; the sentence is what a person reads.
      refused: enrolRefusedCodes.find((code) => code === said) ?? 'bad-message',
      sentence: typeof sentence === 'string' ? sentence.slice(0, 1024) : '',
    };
  }
  return { certificate: pem(wire, 'certificate'), ca: pem(wire, 'ca'), notAfter: count(wire, 'not_after') };
}

function pem(from: object, field: string): string {
  const value = member(from, field);
  if (typeof value !== 'string' || value.length > maxPemLength || !value.startsWith('-----BEGIN CERT'))
    throw bad(field, 'holds no certificate in PEM');
  return value;
}

function checkVersion(message: object): void {
  const version = count(message, 'protocol_version');
  if (version === protocolVersion) return;
  throw new WireError(
    'protocol-version',
    `version ${version} of enrolment is not known here, only ${protocolVersion}; install the same release of whorl on both`,
  );
}
