import { describe, expect, it } from 'vitest';
import { toAddress } from '../../fingerprint/address.ts';
import { inwardRanges, isInward } from './peer-address.ts';

describe('isInward', () => {
  it.each(inwardRanges.map((r) => [r.range, r.what, r] as const))('%s: %s', (_range, _what, row) => {
    for (const address of row.examples) expect(isInward(address), address).toBe(true);
    for (const address of row.counterExamples) expect(isInward(address), address).toBe(false);
  });

  it('looks into addresses that a translator made', () => {
    expect(isInward(toAddress('64:ff9b::10.0.0.7'))).toBe(true);
    expect(isInward(toAddress('64:ff9b::192.0.2.1'))).toBe(false);
  });

  it('says no of what is no address', () => {
    expect(isInward('example')).toBe(false);
  });
});
