import { addressBits } from '../../fingerprint/address.ts';

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

const parsedRanges = inwardRanges.map(({ range }) => {
  const [base = '', length = ''] = range.split('/');
  const bits = addressBits(base) ?? '';
  return { family: bits.length, prefix: bits.slice(0, Number(length)) };
});

/** Whether an address in its one spelling leads inside: loopback, link-local, metadata or private space. */
export function isInward(address: string): boolean {
  const bits = addressBits(address);
  return (
    bits !== undefined && parsedRanges.some((r) => r.family === bits.length && bits.startsWith(r.prefix))
  );
}
