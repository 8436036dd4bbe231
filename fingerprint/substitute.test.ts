import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generaliseArgs } from './generalise.ts';
import { mayHoldAddress, type Substitutions, substitute, substitutePeers } from './substitute.ts';

const names = new Map([
  ['10.0.0.7', 'api.shop.svc'],
  ['192.0.2.1', '10.0.0.7.nip.io'],
  ['fd00::7', 'workload:shop/db'],
]);
const peers = (address: string): string | undefined => names.get(address.toLowerCase());
const known: Substitutions = { namespace: 'shop', peers };

describe('addresses of known peers', () => {
  it.each([
    ['s/API_HOST/10.0.0.7/', 's/API_HOST/{peer:api.shop.svc}/'],
    ['http://10.0.0.7:8080/x', 'http://{peer:api.shop.svc}:8080/x'],
    ['{"ip":"10.0.0.7","port":1}', '{"ip":"{peer:api.shop.svc}","port":1}'],
    ['10.0.0.7,10.0.0.8', '{peer:api.shop.svc},10.0.0.8'],
    ['to 10.0.0.7.', 'to {peer:api.shop.svc}.'],
    ['http://[FD00::7]:80/', 'http://[{peer:workload:shop/db}]:80/'],
    ['--peer=fd00::7', '--peer={peer:workload:shop/db}'],
    ['192.0.2.1', '{peer:10.0.0.7.nip.io}'],
    ['10.0.0.70', '10.0.0.70'],
    ['110.0.0.7', '110.0.0.7'],
    ['10.0.0.7.5', '10.0.0.7.5'],
    ['10.0.0.7.nip.io', '10.0.0.7.nip.io'],
    ['v10.0.0.7', 'v10.0.0.7'],
    ['release-10.0.0.7', 'release-10.0.0.7'],
    ['12:30:45', '12:30:45'],
    ['no address', 'no address'],
  ])('inside a text: %j → %j', (given, general) => {
    expect(substitutePeers(given, peers)).toBe(general);
    expect(substitutePeers(general, peers)).toBe(general);
  });

  it('take the general form of the name', () => {
    expect(generaliseArgs(['sed', 's/API_HOST/10.0.0.7/'], known)).toEqual([
      'sed',
      's/API_HOST/{peer:api.{namespace}.svc}/',
    ]);
    expect(generaliseArgs(['sh', '-c', 'curl http://10.0.0.7:45123/x'], known)).toEqual([
      'sh',
      '-c',
      'curl http://{peer:api.{namespace}.svc}:45123/x',
    ]);
    expect(generaliseArgs(['curl', 'http://10.0.0.7:45123/x'], known)).toEqual([
      'curl',
      'http://{peer:api.{namespace}.svc}:{port}/x',
    ]);
  });

  it('are what they were when written twice, whatever stands around them', () => {
    const part = fc.constantFrom(
      '10.0.0.7',
      'fd00::7',
      '192.0.2.1',
      '10.0.0.9',
      '::',
      ':',
      '.',
      '/',
      'x',
      '1',
      ' ',
      '{',
      '}',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const args = ['run', parts.join('')];
        const once = generaliseArgs(args, known);
        expect(generaliseArgs(once, known)).toEqual(once);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  it('are looked for wherever one may stand', () => {
    const around = fc.constantFrom('', 'a', '/', '=', '[', '"', ' ');
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(around, address, around, (before, one, after) => {
        expect(mayHoldAddress(`${before}${one}${after}`)).toBe(true);
      }),
      { seed: 7 },
    );
  });

  it('cost time in proportion to the text, whatever it holds', () => {
    const slow = (text: string): number => {
      const from = performance.now();
      substitutePeers(text, peers);
      return performance.now() - from;
    };
    for (const text of [':'.repeat(200_000), '1.'.repeat(100_000), 'a:'.repeat(100_000), 'f'.repeat(200_000)])
      expect(slow(text)).toBeLessThan(2_000);
  });
});

describe('own addresses', () => {
  it('are all the same placeholder', () => {
    const own: Substitutions = { addresses: ['10.0.0.9', 'fd00::9', '127.0.0.1'] };
    expect(substitute('10.0.0.9 fd00::9 127.0.0.1', own)).toBe('{address} {address} 127.0.0.1');
  });
});
