/** Who may do what over the API. Ordered: each role may all that the ones before it may. */
export const roles = ['viewer', 'analyst', 'responder', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What somebody may see: an empty list means all. */
export interface Scope {
  readonly clusters: readonly string[];
  readonly namespaces: readonly string[];
}

export const wholeScope: Scope = { clusters: [], namespaces: [] };

/** Where a thing is. */
export interface Place {
  readonly cluster: string;
  readonly namespace: string;
}

export function isAtLeast(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}

export function isWhole(scope: Scope): boolean {
  return scope.clusters.length === 0 && scope.namespaces.length === 0;
}

export function inScope({ clusters, namespaces }: Scope, { cluster, namespace }: Place): boolean {
  return (
    (clusters.length === 0 || clusters.includes(cluster)) &&
    (namespaces.length === 0 || namespaces.includes(namespace))
  );
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 64 bits name a token, 256 bits guard it: base62 digits that hold as much. */
const idBytes = 8;
const idDigits = 11;
const secretBytes = 32;
const secretDigits = 43;
const crcDigits = 6;

const form = new RegExp(
  `^whorl_([0-9A-Za-z]{${idDigits}})_([0-9A-Za-z]{${secretDigits}})_([0-9A-Za-z]{${crcDigits}})$`,
);

/** Random bytes that `writeToken` needs. */
export const tokenBytes = idBytes + secretBytes;

/** `whorl_<id>_<secret>_<crc>`: recognisable to secret scanners, which can tell a real one from text by its checksum. */
export function writeToken(random: Uint8Array): { readonly id: string; readonly token: string } {
  const id = base62(random.subarray(0, idBytes), idDigits);
  const body = `whorl_${id}_${base62(random.subarray(idBytes, tokenBytes), secretDigits)}`;
  return { id, token: `${body}_${checksum(body)}` };
}

/** @returns its id when it has the form and its checksum fits; a typing mistake never reaches the database */
export function tokenId(token: string): string | undefined {
  const [, id, , crc] = form.exec(token) ?? [];
  return crc !== undefined && crc === checksum(token.slice(0, -crcDigits - 1)) ? id : undefined;
}

/** In a time that does not tell how much of it was right. */
export function sameHash(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

function base62(bytes: Uint8Array, digits: number): string {
  let left = bytes.reduce((n, byte) => n * 256n + BigInt(byte), 0n);
  let text = '';
  for (let i = 0; i < digits; i += 1) {
    text = `${alphabet[Number(left % 62n)]}${text}`;
    left /= 62n;
  }
  return text;
}

function checksum(text: string): string {
  const value = crc32(text);
  return base62(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value), crcDigits);
}

/** IEEE 802.3, bit by bit: 70 characters a few times a second need no table. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i += 1) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}
