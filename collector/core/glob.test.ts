import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coversGlob, matchesGlob } from './glob.ts';

describe('matchesGlob', () => {
  it.each<[string, string, boolean]>([
    ['shop', 'shop', true],
    ['shop', 'shop-a', false],
    ['shop-*', 'shop-a', true],
    ['shop-*', 'shop-', true],
    ['shop-*', 'shop', false],
    ['*', 'anything', true],
    ['*', '', true],
    ['*', 'Deployment/cart', false],
    ['*/*', 'Deployment/cart', true],
    ['Deployment/*', 'Deployment/cart', true],
    ['Deployment/*', 'DaemonSet/cart', false],
    ['Deployment/*', 'Deployment/cart/x', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*-web-*', 'shop-web-1', true],
    ['*-web-*', 'shop-web', false],
    ['a*b*c', 'axxbyyc', true],
    ['a*b*c', 'acb', false],
    ['a*bc*c', 'abc', false],
    ['shop.a', 'shopXa', false],
    ['**', 'a/b', false],
  ])('%s and %s: %s', (pattern, name, matches) => {
    expect(matchesGlob(pattern, name)).toBe(matches);
  });

  it('says what a regular expression says', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const expression = new RegExp(`^${pattern.replaceAll(/\*+/g, '[^/]*')}$`);
        expect(matchesGlob(pattern, name)).toBe(expression.test(name));
      }),
    );
  });
});

describe('coversGlob', () => {
  it.each<[string, string, boolean]>([
    ['*', 'shop', true],
    ['shop-*', 'shop-a', true],
    ['shop-*', 'shop-*', true],
    ['*', 'shop-*', true],
    ['Deployment/*', 'Deployment/cart', true],
    ['*', 'Deployment/cart', false],
    ['shop-a', 'shop-*', false],
    ['shop-*', '*', false],
  ])('%s over %s: %s', (broad, narrow, covers) => {
    expect(coversGlob(broad, narrow)).toBe(covers);
  });

  it('never claims a name that only the narrow one means', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 3 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 3 });
    fc.assert(
      fc.property(pattern, pattern, name, (broad, narrow, given) => {
        const isClaimed = coversGlob(broad, narrow) && matchesGlob(narrow, given);
        expect(!isClaimed || matchesGlob(broad, given)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
