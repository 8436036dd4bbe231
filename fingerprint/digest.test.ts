import { expect, it } from 'vitest';
import { sha256, sha256Hex } from './digest.ts';

// FIPS 180-4 examples.
it.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
])('digests %j', (text, hex) => {
  const bytes = new TextEncoder().encode(text);
  expect(sha256Hex(bytes)).toBe(hex);
  expect(Buffer.from(sha256(bytes)).toString('hex')).toBe(hex);
});
