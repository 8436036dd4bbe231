import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from './printable.ts';

describe('printable', () => {
  it.each([
    ['/usr/sbin/nginx', '/usr/sbin/nginx'],
    ['größe 日本 😀', 'größe 日本 😀'],
    ['\u001b[2J', '\\x1b[2J'],
    ['a\nb\tc\rd', 'a\\nb\\tc\\rd'],
    ['\u0000\u007f\u0085', '\\x00\\x7f\\x85'],
    ['exe.\u202egpj', 'exe.\\u{202e}gpj'],
    ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
    ['\u2028line', '\\u{2028}line'],
    ['half \ud800 pair', 'half \\u{d800} pair'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
  ])('shows %j as %j', (given, shown) => expect(printable(given)).toBe(shown));

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdefg', 6, 'abcde…'],
    ['abcd😀g', 6, 'abcd…'],
    ['\u0007'.repeat(1_000_000), 10, '\\x07\\x07\\…'],
  ])('cuts to the length asked for', (given, max, shown) => expect(printable(given, max)).toBe(shown));

  it('never lets a dangerous character through, whatever the string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (s, max) => {
        const shown = printable(s, max);
        expect(shown.length).toBeLessThanOrEqual(max);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(shown.isWellFormed()).toBe(true);
        expect(printable(shown, max)).toBe(shown);
      }),
    );
  });
});
