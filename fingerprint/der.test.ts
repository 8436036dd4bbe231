import { describe, expect, it } from 'vitest';
import { derElements, derInteger } from './der.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const read = (hex: string) =>
  derElements(bytes(hex))?.map(({ tag, body }) => [tag, Buffer.from(body).toString('hex')]);

describe('derElements', () => {
  it.each([
    ['', []],
    ['0500', [[5, '']]],
    [
      '020101 0403aabbcc',
      [
        [2, '01'],
        [4, 'aabbcc'],
      ],
    ],
  ])('reads %j', (hex, elements) => expect(read(hex)).toEqual(elements));

  it('reads long forms where they are needed', () => {
    expect(read(`0481c8${'00'.repeat(200)}`)?.[0]?.[1]).toHaveLength(400);
    expect(read(`0482012c${'00'.repeat(300)}`)?.[0]?.[1]).toHaveLength(600);
  });

  it.each([
    ['a tag alone', '02'],
    ['a length beyond the end', '040201'],
    ['a long form for a short length', '048101aa'],
    ['a longer form than needed', `048200c8${'00'.repeat(200)}`],
    ['an indefinite length', '0480aa0000'],
    ['a length of three bytes', `0483000001${'00'.repeat(2)}`],
    ['a second element cut off', '0500 04'],
  ])('refuses %s', (_name, hex) => expect(read(hex)).toBeUndefined());
});

describe('derInteger', () => {
  const value = (hex: string) => derElements(bytes(hex))?.map(derInteger)[0];
  it.each([
    ['020100', 0],
    ['02017f', 127],
    ['02020080', 128],
    ['02020800', 2048],
    ['020500ffffffff', 0xffffffff],
  ])('reads %s', (hex, n) => expect(value(hex)).toBe(n));

  it.each([
    ['nothing', '0200'],
    ['a negative', '0201ff'],
    ['a needless zero', '0202007f'],
    ['more than 32 bits', '02060100000000 00'],
    ['another type', '040101'],
  ])('refuses %s', (_name, hex) => expect(value(hex)).toBeUndefined());
});
