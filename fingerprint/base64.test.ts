import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from './base64.ts';

const text = (s: string): string => new TextDecoder().decode(decodeBase64(s, 'payload'));

describe('base64', () => {
  it('gives back what it was given, in every accepted form', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const padded = encodeBase64(bytes);
        const url = padded.replaceAll('+', '-').replaceAll('/', '_');
        for (const form of [padded, padded.replaceAll('=', ''), url, url.replaceAll('=', '')]) {
          expect(decodeBase64(form, 'x')).toEqual(bytes);
        }
      }),
    );
  });

  it.each([
    ['', ''],
    ['Zg==', 'f'],
    ['Zg', 'f'],
    ['Zm9vYmFy', 'foobar'],
  ])('reads %j', (form, value) => expect(text(form)).toBe(value));

  it.each([
    ['junk that Node would skip', 'aGVs!!\nbG8='],
    ['a newline', 'Zm9v\nYmFy'],
    ['a space', 'Zm9v '],
    ['one character too many', 'Zm9vY'],
    ['padding in a whole group', 'Zm9v='],
    ['padding of the wrong length', 'Zg='],
    ['three signs of padding', 'Z==='],
    ['padding in the middle', 'Zg==Zg=='],
    ['only padding', '='],
    ['spare bits that are not zero', 'Zh=='],
    ['spare bits that are not zero, unpadded', 'Zm9'.replace('9', '/')],
    ['both alphabets at once', '-_+/'],
    ['a letter beyond ASCII', 'Zm9é'],
  ])('refuses %s', (_name, form) => {
    expect(() => text(form)).toThrow(expect.objectContaining({ code: 'BASE64', field: 'payload' }));
  });
});
