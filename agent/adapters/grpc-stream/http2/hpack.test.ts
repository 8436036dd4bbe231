import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHeaders, encodeHeaders, maxHeaderList } from './hpack.ts';
import { huffmanText } from './huffman.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const fields = (text: string): [string, string][] => [...decodeHeaders(hex(text))];
const huffman = (text: string): string | undefined => huffmanText(hex(text), 0, hex(text).length);

describe('header fields', () => {
  it.each([
    // RFC 7541, appendix C: those that need no dynamic table.
    [
      'C.2.1',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      ['custom-key', 'custom-header'],
    ],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path']],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret']],
    ['C.2.4', '82', [':method', 'GET']],
    ['C.4.1', '418c f1e3 c2e5 f23a 6ba0 ab90 f4ff', [':authority', 'www.example.com']],
  ])('reads example %s of RFC 7541', (_, bytes, field) => {
    expect(fields(bytes)).toEqual([field]);
  });

  it('reads the response of example C.6.1', () => {
    const response =
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3';
    expect(fields(response)).toEqual([
      [':status', '302'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['location', 'https://www.example.com'],
    ]);
  });

  it('passes over a table that is announced to have no room', () => {
    expect(fields('20 88')).toEqual([[':status', '200']]);
  });

  it.each([
    ['a table with room', '3f e1 1f', 'a table was announced that was not allowed'],
    ['a reference to the dynamic table', 'be', 'a field refers to nothing'],
    ['a reference to nothing', '80', 'a field refers to nothing'],
    ['a number without end', 'ff ff ff ff ff ff', 'a number does not end'],
    ['a name without its value', '00 01 61', 'a field is cut off'],
    ['a value that is cut off', '00 01 61 05 62', 'a field is cut off'],
    ['padding of Huffman that is too long', '00 01 61 82 1f ff', 'a field is coded wrongly'],
  ])('refuses %s', (_, bytes, why) => {
    expect(() => fields(bytes)).toThrow(why);
  });

  it('refuses a list that grows and grows', () => {
    const one = hex('88');
    expect(() => decodeHeaders(Buffer.concat(Array(Math.ceil(maxHeaderList / 40)).fill(one)))).toThrow(
      'without end',
    );
  });

  it('reads back what it writes, whatever the length', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
      maxLength: 400,
    });
    fc.assert(
      fc.property(text, text, (name, value) => {
        expect([...decodeHeaders(encodeHeaders([[name, value]]))]).toEqual([[name, value]]);
      }),
      { seed: 7541, numRuns: 200 },
    );
  });

  it('reads anything without end or harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeHeaders(bytes);
        } catch (error) {
          expect(error).toHaveProperty('name', 'Http2Error');
        }
      }),
      { seed: 7541, numRuns: 2_000 },
    );
  });
});

describe('Huffman of HPACK', () => {
  it.each([
    ['a8eb 1064 9cbf', 'no-cache'],
    ['25a8 49e9 5ba9 7d7f', 'custom-key'],
    ['25a8 49e9 5bb8 e8b4 bf', 'custom-value'],
    ['6402', '302'],
    ['aec3 771a 4b', 'private'],
    ['', ''],
  ])('reads %s', (bytes, text) => {
    expect(huffman(bytes)).toBe(text);
  });

  it.each([
    ['the end mark', 'ffff ffff'],
    ['padding that is not all ones', '18'],
    ['eight bits of padding', '1fff'],
  ])('refuses %s', (_, bytes) => {
    expect(huffman(bytes)).toBeUndefined();
  });
});
