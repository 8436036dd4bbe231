import { describe, expect, it } from 'vitest';
import { isAddress, toAddress } from './address.ts';

describe('toAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['fd00:0ec2:0000::0254', 'fd00:ec2::254'],
    ['fe80::1%eth0', 'fe80::1'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    ['not an address', 'not an address'],
    ['1::2::3', '1::2::3'],
  ])('writes %s as %s', (text, address) => {
    expect(toAddress(text)).toBe(address);
    expect(toAddress(address)).toBe(address);
  });
});

describe('isAddress', () => {
  it.each(['10.0.0.7', '::', '::1', 'fd00:ec2::254', '64:ff9b::192.0.2.1', '1:2:3:4:5:6:7:8', '1::'])(
    '%s is one',
    (t) => {
      expect(isAddress(t)).toBe(true);
    },
  );
  it.each(['10.0.0', '10.0.0.256', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', 'x', '', ':::', '10.0.0.7:80'])(
    '%j is none',
    (t) => {
      expect(isAddress(t)).toBe(false);
    },
  );
});
