import { describe, expect, it } from 'vitest';
import { canonicalBytes } from './canonical.ts';

const text = (value: unknown): string => new TextDecoder().decode(canonicalBytes(value));

describe('canonicalBytes', () => {
  it('gives the bytes of the RFC 8785 example', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(text(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts members by UTF-16 code units and ignores their order', () => {
    expect(text({ b: 1, a: { d: 2, c: 3 }, '\u20ac': 4, '\ud83d\ude00': 5, '\ufb33': 6 })).toBe(
      '{"a":{"c":3,"d":2},"b":1,"\u20ac":4,"\ud83d\ude00":5,"\ufb33":6}',
    );
    expect(canonicalBytes({ x: 1, y: 2 })).toEqual(canonicalBytes({ y: 2, x: 1 }));
  });

  it.each([
    ['NaN', { a: Number.NaN }],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['a lone high surrogate', { a: '\ud800' }],
    ['a lone low surrogate in a key', { '\udc00': 1 }],
    ['undefined', undefined],
  ])('refuses %s', (_name, value) => {
    expect(() => canonicalBytes(value)).toThrow(expect.objectContaining({ code: 'NOT_CANONICAL' }));
  });

  it('refuses a cycle', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => canonicalBytes(loop)).toThrow(expect.objectContaining({ code: 'NOT_CANONICAL' }));
  });
});
