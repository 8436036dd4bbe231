import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf, argsOf, pathOf, resolvePath, textOf } from './sensor-text.ts';

const bytes = (s: string) => Buffer.from(s, 'latin1');

describe('text of the watched world', () => {
  it.each([
    ['plain', 'plain'],
    ['gr\xc3\xbcn', 'grün'],
    ['a\xffb', 'a\\xffb'],
    ['\xc3', '\\xc3'],
    ['\xe2\x82', '\\xe2\\x82'],
    ['a\0b', 'a\\x00b'],
    ['\xed\xa0\x80', '\\xed\\xa0\\x80'],
  ])('%j becomes %j', (from, to) => {
    expect(textOf(bytes(from))).toBe(to);
  });

  it('is always well formed, without NUL, and tells different UTF-8 apart', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (b) => {
        const text = textOf(b);
        expect(text.isWellFormed() && !text.includes('\0')).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (s) => {
        fc.pre(!s.includes('\0'));
        expect(textOf(Buffer.from(s))).toBe(s);
      }),
    );
  });
});

it.each([
  ['c\0b\0a\0', '/a/b/c'],
  ['', '/'],
  ['memfd:x\0', '/memfd:x'],
  ['cut', '/cut'],
])('components %j are the path %s', (from, to) => {
  expect(pathOf(bytes(from))).toBe(to);
});

it.each([
  ['a\0b\0', ['a', 'b']],
  ['a\0\0', ['a', '']],
  ['a\0cu', ['a', 'cu']],
  ['', []],
])('arguments %j are %j', (from, to) => {
  expect(argsOf(bytes(from))).toEqual(to);
});

it.each([
  ['/srv', 'a', '/srv/a'],
  ['/srv/x', '../a/./b', '/srv/a/b'],
  ['/', '/etc/passwd', '/etc/passwd'],
  ['/jail', '/etc/passwd', '/jail/etc/passwd'],
  ['/', '../../..', '/'],
])('%s and %s are %s', (base, name, to) => {
  expect(resolvePath(base, name)).toBe(to);
});

it.each([
  [[127, 0, 0, 1], '127.0.0.1'],
  [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], '2001:db8::1'],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], '::1'],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], '::'],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 7], '10.0.0.7'],
  [[0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 7, 0, 8], '1:0:3::7:8'],
  [[1, 2, 3], ''],
])('address %j is %s', (from, to) => {
  expect(addressOf(Uint8Array.from(from))).toBe(to);
});
