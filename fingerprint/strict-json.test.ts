import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from './strict-json.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const fails = (bytes: Uint8Array, code: string, message: RegExp): void => {
  expect(() => parseJson(bytes)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
};

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ stringUnit: 'binary' }),
        fc.constantFrom(undefined, 1, '\t'),
        (value, indent) => {
          const text = JSON.stringify(value, null, indent);
          expect(parseJson(utf8(text))).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it.each([
    ['"\\u00e9\\ud83d\\ude00\\n\\/"', 'é😀\n/'],
    [' \r\n\t[ 1 , 2 ] ', [1, 2]],
    ['-0.5e+2', -50],
    ['"\\\\"', '\\'],
    ['{"a":{},"b":[]}', { a: {}, b: [] }],
  ])('reads %s', (text, value) => expect(parseJson(utf8(text))).toEqual(value));

  it.each([
    ['', /is empty.*line 1, column 1/],
    [' \n ', /is empty.*line 2, column 2/],
    ['\ufeff{}', /byte order mark/],
    ['{"a":1,"a":2}', /member name twice.*line 1, column 8/],
    ['{"a":1,\n "\\u0061":2}', /member name twice.*line 2, column 2/],
    ['{"__proto__":1,"__proto__":2}', /member name twice/],
    ['{"a":1}x', /goes on after.*column 8/],
    ['{"a":1} {}', /goes on after/],
    ['{"a":1', /ends where ',' or '}'.*cut off/],
    ['{"a"', /ends where ':'.*cut off/],
    ['[1,', /middle of a value.*cut off/],
    ['"abc', /middle of a text.*cut off/],
    ['"abc\\"', /middle of a text.*cut off/],
    ['{a:1}', /member name in double quotes/],
    ["{'a':1}", /member name in double quotes/],
    ['[1,]', /begins no JSON value/],
    ['{"a":1,}', /member name in double quotes/],
    ['[1 2]', /needs ',' or '\]'/],
    ['01', /goes on after/],
    ['+1', /begins no JSON value/],
    ['.5', /begins no JSON value/],
    ['1.', /goes on after/],
    ['NaN', /begins no JSON value/],
    ['-----BEGIN PUBLIC KEY-----\n', /begins like a key \(PEM\); name the document/],
    ['nul', /not true, false or null/],
    ['1e999', /number too large/],
    ['"a\nb"', /raw control character.*line 1, column 3/],
    ['"\\x41"', /unknown escape/],
    ['"\\u12g4"', /unknown escape/],
    ['"\\ud800"', /half of a surrogate/],
    ['"\\udc00\\ud800"', /half of a surrogate/],
    ['// hi\n1', /begins no JSON value/],
  ])('refuses %j', (text, message) => fails(utf8(text), 'JSON_SYNTAX', message));

  it.each([
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a cut sequence', [0x22, 0xe2, 0x82]],
    ['gzip', [0x1f, 0x8b, 0x08, 0x00]],
  ])('refuses %s as not UTF-8', (_name, bytes) => fails(Uint8Array.from(bytes), 'NOT_UTF8', /not UTF-8/));

  it('keeps a member named __proto__ as a member', () => {
    const value = parseJson(utf8('{"__proto__":{"admin":true}}'));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value as object)).toEqual(['__proto__']);
  });

  it('counts depth and stops at its limit, whatever the size', () => {
    const nested = (n: number): Uint8Array => utf8('['.repeat(n) + ']'.repeat(n));
    expect(parseJson(nested(64))).toBeDefined();
    fails(nested(65), 'JSON_SYNTAX', /deeper than 64/);
    fails(nested(100_000), 'JSON_SYNTAX', /deeper than 64/);
    expect(() => parseJson(nested(5), { depth: 4 })).toThrow(/deeper than 4/);
    fails(utf8('{"a":'.repeat(65)), 'JSON_SYNTAX', /deeper than 64/);
  });

  it('refuses too many bytes before reading them', () => {
    expect(() => parseJson(utf8('[1,2,3]'), { bytes: 6 })).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE' }),
    );
    expect(parseJson(utf8('[1,2,3]'), { bytes: 7 })).toEqual([1, 2, 3]);
  });
});
