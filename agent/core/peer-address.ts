/** Numeric addresses as text: one spelling each, and where they lead. */

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

/** Also the unspecified address: Linux connects it to the own host. */
export function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === '::1' || address === '0.0.0.0' || address === '::';
}

/**
 * Ranges that no name of the public DNS has a reason to point to but by its owner's own arrangement: whoever connects
 * to them reaches what is behind the firewall (docs/format.md, peers).
 */
export interface InwardRange {
  readonly range: string;
  readonly what: string;
  readonly examples: readonly string[];
  readonly counterExamples: readonly string[];
}

export const inwardRanges: readonly InwardRange[] = [
  { range: '0.0.0.0/8', what: 'this host', examples: ['0.0.0.0', '0.1.2.3'], counterExamples: ['1.0.0.0'] },
  {
    range: '10.0.0.0/8',
    what: 'private',
    examples: ['10.0.0.7'],
    counterExamples: ['11.0.0.1', '9.255.255.255'],
  },
  {
    range: '100.64.0.0/10',
    what: 'shared by a carrier or an overlay network',
    examples: ['100.64.0.1', '100.127.255.254', '100.100.100.200'],
    counterExamples: ['100.63.255.255', '100.128.0.1'],
  },
  {
    range: '127.0.0.0/8',
    what: 'loopback',
    examples: ['127.0.0.1', '127.9.9.9'],
    counterExamples: ['128.0.0.1'],
  },
  {
    range: '168.63.129.16/32',
    what: "a cloud's own service to its machines (Azure)",
    examples: ['168.63.129.16'],
    counterExamples: ['168.63.129.17'],
  },
  {
    range: '169.254.0.0/16',
    what: 'link-local, and the metadata service of most clouds',
    examples: ['169.254.169.254', '169.254.0.1'],
    counterExamples: ['169.253.0.1'],
  },
  {
    range: '172.16.0.0/12',
    what: 'private',
    examples: ['172.16.0.1', '172.31.255.254'],
    counterExamples: ['172.15.0.1', '172.32.0.1'],
  },
  { range: '192.168.0.0/16', what: 'private', examples: ['192.168.1.1'], counterExamples: ['192.169.0.1'] },
  {
    range: '198.18.0.0/15',
    what: 'for tests inside a network',
    examples: ['198.18.0.1', '198.19.255.254'],
    counterExamples: ['198.20.0.1'],
  },
  { range: '::/127', what: 'unspecified and loopback', examples: ['::', '::1'], counterExamples: ['::2'] },
  {
    range: 'fc00::/7',
    what: 'unique local, and the metadata service of one cloud (fd00:ec2::254)',
    examples: ['fd00:ec2::254', 'fc00::1'],
    counterExamples: ['fe00::1', '2001:db8::1'],
  },
  { range: 'fe80::/10', what: 'link-local', examples: ['fe80::1'], counterExamples: ['ff02::1'] },
  { range: 'fec0::/10', what: 'site-local, of old', examples: ['fec0::1'], counterExamples: ['fe70::1'] },
];

/** IPv4 inside IPv6: what a translator or the kernel itself makes of such an address is that IPv4 address. */
const mapped = [0, 0, 0, 0, 0, 0xffff];
const translated = [0x64, 0xff9b, 0, 0, 0, 0];

const parsedRanges = inwardRanges.map(({ range }) => {
  const [base = '', bits = ''] = range.split('/');
  return { bits: bitsOf(base) ?? '', length: Number(bits) };
});

/** Whether an address in its one spelling leads inside: loopback, link-local, metadata or private space. */
export function isInward(address: string): boolean {
  const groups = groupsOf(address);
  const inner = groups === undefined ? undefined : embeddedIn(groups, translated);
  const bits = bitsOf(inner ?? address);
  if (bits === undefined) return false;
  return parsedRanges.some(
    (r) => r.bits.length === bits.length && bits.startsWith(r.bits.slice(0, r.length)),
  );
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
