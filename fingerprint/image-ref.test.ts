import { describe, expect, it } from 'vitest';
import { formatImageRef, parseImageRef } from './image-ref.ts';

const hex = 'ab'.repeat(32);

describe('image references', () => {
  it.each(['cart', 'registry.example:5000/shop/cart', 'unit/nginx.service', 'cgroup/a\\x2db'])(
    'read %s',
    (name) => {
      const subject = { name, digest: `sha256:${hex}` };
      expect(parseImageRef(`${name}@sha256:${hex}`)).toEqual(subject);
      expect(formatImageRef(subject)).toBe(`${name}@sha256:${hex}`);
    },
  );

  it.each([
    '',
    'cart',
    'cart:1.2',
    `sha256:${hex}`,
    `@sha256:${hex}`,
    `cart@sha256:${hex.slice(2)}`,
    `cart@sha256:${hex.toUpperCase()}`,
    `cart@sha512:${hex}`,
    `a b@sha256:${hex}`,
    `a\n@sha256:${hex}`,
    `a@b@sha256:${hex}`,
  ])('refuse %j', (text) => {
    expect(() => parseImageRef(text)).toThrow(expect.objectContaining({ code: 'SUBJECT' }));
  });
});
