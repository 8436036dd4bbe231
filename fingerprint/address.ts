/** Numeric addresses as text, in one spelling each. */

/** An address in its one spelling: IPv4 also when it came inside IPv6, IPv6 as RFC 5952 writes it, no zone. */
export function toAddress(address: string): string {
  const plain = address.toLowerCase().replace(/%.*$/, '');
  if (!plain.includes(':')) return plain;
  const groups = groupsOf(plain);
  if (groups === undefined) return plain;
  return embeddedIn(groups, mapped) ?? compress(groups);
}

export function isAddress(text: string): boolean {
  return octetsOf(text) !== undefined || groupsOf(text.toLowerCase()) !== undefined;
}

/** IPv4 inside IPv6: what a translator or the kernel itself makes of such an address is that IPv4 address. */
const mapped = [0, 0, 0, 0, 0, 0xffff];
const translated = [0x64, 0xff9b, 0, 0, 0, 0];

/** The bits of an address as text, of what a translator leads to those of its target; undefined for what is none. */
export function addressBits(address: string): string | undefined {
  const groups = groupsOf(address);
  return bitsOf((groups === undefined ? undefined : embeddedIn(groups, translated)) ?? address);
}

function bitsOf(address: string): string | undefined {
  const octets = octetsOf(address);
  if (octets !== undefined) return octets.map((o) => o.toString(2).padStart(8, '0')).join('');
  return groupsOf(address)
    ?.map((g) => g.toString(2).padStart(16, '0'))
    .join('');
}

function octetsOf(text: string): number[] | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  return octets.every((o) => o <= 255) ? octets : undefined;
}

/** The eight groups of an IPv6 address; undefined for what is none. */
function groupsOf(text: string): number[] | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const octets = tail === null ? [] : octetsOf(tail[2] ?? '');
  if (octets === undefined) return undefined;
  const last = octets.length === 0 ? [] : [pair(octets, 0), pair(octets, 2)];
  const halves = (tail === null ? text : (tail[1] ?? '').replace(/([^:]):$/, '$1')).split('::');
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map(hexGroups);
  if (left === undefined || (halves.length === 2 && right === undefined)) return undefined;
  const rest = [...(right ?? []), ...last];
  const gap = 8 - left.length - rest.length;
  if (halves.length === 1 ? gap !== 0 : gap < 1) return undefined;
  return [...left, ...Array.from({ length: gap }, () => 0), ...rest];
}

function hexGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  return groups.every((g) => /^[0-9a-f]{1,4}$/.test(g))
    ? groups.map((g) => Number.parseInt(g, 16))
    : undefined;
}

function pair(octets: readonly number[], at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

function embeddedIn(groups: readonly number[], prefix: readonly number[]): string | undefined {
  if (!prefix.every((g, i) => groups[i] === g)) return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The longest run of two or more zero groups becomes `::`, the first of equals. */
function compress(groups: readonly number[]): string {
  const text = groups.map((g) => g.toString(16)).join(':');
  const runs = [...`:${text}:`.matchAll(/(?<=:)(0:){2,}/g)].sort((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  if (longest === undefined) return text;
  const whole = `:${text}:`;
  const left = whole.slice(1, Math.max(1, longest.index - 1));
  const right = whole.slice(longest.index + longest[0].length, -1);
  return `${left}::${right}`;
}
