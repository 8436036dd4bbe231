import { describe, expect, it } from 'vitest';
import { isMeant, parseImagePattern } from './image-pattern.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const other = `sha256:${'cd'.repeat(32)}`;

describe('an image that is meant', () => {
  it.each<[string, string, boolean]>([
    ['shop/cart', 'shop/cart:1.4', true],
    ['shop/cart', 'shop/cart', true],
    ['shop/cart:1.4', 'shop/cart:1.4', true],
    ['shop/cart:1.4', 'shop/cart:1.5', false],
    ['shop/cart:latest', 'shop/cart', true],
    ['shop/cart:1.4', 'shop/cart', false],
    ['shop/cart', 'shop/cart-db:1.4', false],
    ['shop/cart', 'registry.example/shop/cart:1.4', false],
    ['127.0.0.1:5000/shop/cart', '127.0.0.1:5000/shop/cart:1.4', true],
    ['127.0.0.1:5000/cart', '127.0.0.1:5001/cart', false],
    ['postgres', 'docker.io/library/postgres:16', true],
    ['docker.io/library/postgres:16', 'postgres:16', true],
    ['index.docker.io/grafana/grafana', 'grafana/grafana:11', true],
    ['postgres', 'docker.io/other/postgres:16', false],
    ['library/postgres/x', 'postgres/x', false],
  ])('%s and %s', (pattern, image, expected) => {
    expect(isMeant(parseImagePattern(pattern), { image, digest })).toBe(expected);
  });

  it('by digest is that one whatever it is called, by its own digest or by one the runtime knows besides', () => {
    const pattern = parseImagePattern(`shop/cart:1.4@${digest}`);
    expect(isMeant(pattern, { image: 'x:1', digest })).toBe(true);
    expect(isMeant(pattern, { image: 'shop/cart:1.4', digest: other })).toBe(false);
    expect(isMeant(pattern, { digest: other, alsoCalled: [`mirror/cart@${digest}`] })).toBe(true);
    expect(isMeant(parseImagePattern(digest), { image: 'x:1', digest })).toBe(true);
  });

  it('may be called by any name the runtime knows', () => {
    const names = { image: 'shop/cart:1.4', digest, alsoCalled: ['cart:dev', `shop/cart@${other}`] };
    expect(isMeant(parseImagePattern('cart:dev'), names)).toBe(true);
    expect(isMeant(parseImagePattern('cart:latest'), names)).toBe(false);
    // A name with a digest is no `latest`.
    expect(isMeant(parseImagePattern('shop/cart:latest'), names)).toBe(false);
    expect(isMeant(parseImagePattern('shop/cart'), {})).toBe(false);
  });

  it.each(['', 'a b', 'cart:', '@sha256:ab', `cart@sha256:AB`, 'cart:1:2', '-cart', '../cart'])(
    '%j is none',
    (text) => {
      expect(() => parseImagePattern(text)).toThrow(/is no image/);
    },
  );
});
