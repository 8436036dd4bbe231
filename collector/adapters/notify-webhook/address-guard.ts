import { BlockList, isIP } from 'node:net';

/** What an address is to whoever must not be talked into calling it. */
export type AddressKind = 'public' | 'private' | 'loopback' | 'never';

/** IANA special-purpose registries. `never`: no receiver is there, and some of what is there gives out credentials. */
const ranges: Readonly<Record<Exclude<AddressKind, 'public'>, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
  never: [
    '0.0.0.0/8',
    // Metadata of AWS, Azure, GCP and others is in it.
    '169.254.0.0/16',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
    // Metadata that hides among private or public addresses: Alibaba, Azure's wire server, AWS over IPv6, GCP over IPv6.
    '100.100.100.200/32',
    '168.63.129.16/32',
    'fd00:ec2::254/128',
    'fd20:ce::254/128',
    '::/128',
    '64:ff9b::/128',
    '64:ff9b:1::/48',
    '::ffff:0:0:0/96',
    '100::/64',
    // Tunnels that carry an IPv4 address nobody has looked at.
    '2001::/32',
    '2002::/16',
    '2001:db8::/32',
    'fe80::/10',
    'fec0::/10',
    'ff00::/8',
    // Compatible with IPv4, long given up; `::1` is looked up before.
    '::/96',
  ],
};

const lists = {
  loopback: listOf(ranges.loopback),
  private: listOf(ranges.private),
  never: listOf(ranges.never),
};

/** The kind of an address as the resolver or a URL gives it; what is no address is `never`. */
export function kindOf(address: string): AddressKind {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return 'never';
  const inside = family === 6 ? embedded(address) : undefined;
  if (inside !== undefined) return kindOf(inside);
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (lists.loopback.check(address, type)) return 'loopback';
  if (lists.never.check(address, type)) return 'never';
  return lists.private.check(address, type) ? 'private' : 'public';
}

/** The IPv4 address that is really meant: mapped (`::ffff:a.b.c.d`), or behind a NAT64 gateway (`64:ff9b::a.b.c.d`). */
function embedded(address: string): string | undefined {
  // The URL parser writes every spelling of an IPv6 address in one way.
  const spelled = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? '';
  const match = /^(?:::ffff:|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(spelled);
  if (match === null) return undefined;
  const [high, low] = [match[1] ?? '0', match[2] ?? '0'].map((hex) => Number.parseInt(hex, 16));
  return [high ?? 0, low ?? 0].flatMap((word) => [word >> 8, word & 255]).join('.');
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
