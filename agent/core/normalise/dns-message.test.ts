import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDns } from './dns-message.ts';

const u16 = (n: number) => [n >> 8, n & 255];
const name = (s: string) => [...s.split('.').flatMap((l) => [l.length, ...Buffer.from(l)]), 0];
const head = (flags: number, answers: number) => [
  ...u16(0x1234),
  ...u16(flags),
  0,
  1,
  ...u16(answers),
  0,
  0,
  0,
  0,
];
const asked = [...name('Shop.example'), 0, 1, 0, 1];
const rr = (type: number, data: number[], owner: number[] = [0xc0, 12]) => [
  ...owner,
  ...u16(type),
  0,
  1,
  0,
  0,
  1,
  44,
  ...u16(data.length),
  ...data,
];
const message = (...parts: number[][]) => Uint8Array.from(parts.flat());

describe('a DNS message', () => {
  it('asks', () => {
    expect(parseDns(message(head(0x0100, 0), asked), false)).toEqual({
      id: 0x1234,
      isAnswer: false,
      name: 'shop.example',
      type: 'A',
      answers: [],
      cut: false,
    });
  });

  it('answers, along a chain of names', () => {
    const m = message(
      head(0x8180, 3),
      asked,
      rr(5, name('cdn.example')),
      rr(1, [10, 1, 2, 3], name('cdn.example')),
      rr(16, [1, 120]),
    );
    expect(parseDns(m, false)).toMatchObject({
      isAnswer: true,
      answers: [
        { name: 'shop.example', type: 'CNAME', data: 'cdn.example', ttl: 300 },
        { name: 'cdn.example', type: 'A', data: '10.1.2.3', ttl: 300 },
      ],
    });
  });

  it('over TCP begins with its length, or that was read before', () => {
    const m = message(head(0x0100, 0), asked);
    const expected = parseDns(m, false);
    expect(parseDns(Uint8Array.from([...u16(m.length), ...m]), true)).toEqual(expected);
    expect(parseDns(m, true)).toEqual(expected);
  });

  it.each([
    ['too short', message([1, 2, 3])],
    ['two questions', message([0, 1, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0], asked, asked)],
    ['an update', message(head(0x2800, 0), asked)],
    ['a name that points to itself', message(head(0x0100, 0), [0xc0, 12, 0, 1, 0, 1])],
    ['nothing', new Uint8Array()],
  ])('is not: %s', (_, bytes) => {
    expect(parseDns(bytes, false)).toBeUndefined();
  });

  it('that is cut keeps what came whole, and says so', () => {
    const whole = message(head(0x8180, 2), asked, rr(1, [10, 1, 2, 3]), rr(1, [10, 1, 2, 4]));
    expect(parseDns(whole.subarray(0, -3), false)).toMatchObject({
      cut: true,
      answers: [{ data: '10.1.2.3' }],
    });
  });

  it('never throws and always ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (b, tcp) => void parseDns(b, tcp)),
    );
    const prefix = head(0x8180, 9);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        (b) => void parseDns(message(prefix, asked, [...b]), false),
      ),
    );
  });
});
