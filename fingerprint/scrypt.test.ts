import { expect, it } from 'vitest';
import { scryptKey } from './scrypt.ts';

// RFC 7914 §12, third vector (N = 16384, r = 8, p = 1), first 32 of its 64 bytes: PBKDF2 output is a prefix.
it('derives the key of RFC 7914', () => {
  const utf8 = new TextEncoder();
  const key = scryptKey(utf8.encode('pleaseletmein'), utf8.encode('SodiumChloride'), 16384);
  expect(Buffer.from(key).toString('hex')).toBe(
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2',
  );
});
