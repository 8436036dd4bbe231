import { describe, expect, it } from 'vitest';
import { parseUnstable, unstableText } from './unstable-file.ts';

const entry = { id: '0123456789ab', sentence: '`cart` connects to `db:1`' };

describe('unstable.json', () => {
  it('is the same again, sorted, without what is empty', () => {
    const later = { id: 'ffffffffffff', sentence: '`cart` reads `/a`' };
    const text = unstableText(
      new Map([
        ['web', []],
        ['db', [entry]],
        ['cart', [later, entry]],
      ]),
    );
    expect(text).toBe(
      unstableText(
        new Map([
          ['cart', [entry, later]],
          ['db', [entry]],
        ]),
      ),
    );
    expect([...parseUnstable(JSON.parse(text)).keys()]).toEqual(['cart', 'db']);
    expect(unstableText(parseUnstable(JSON.parse(text)))).toBe(text);
  });

  it.each<[string, unknown]>([
    ['format', { format: 'x', images: {} }],
    ['images', { format: 'whorl-unstable/v1', images: [] }],
    ['more', { format: 'whorl-unstable/v1', images: {}, more: 1 }],
    ['images.cart', { format: 'whorl-unstable/v1', images: { cart: 1 } }],
    ['images.cart[0].id', { format: 'whorl-unstable/v1', images: { cart: [{ ...entry, id: 'p1' }] } }],
    ['images.cart[0].why', { format: 'whorl-unstable/v1', images: { cart: [{ ...entry, why: 1 }] } }],
  ])('is refused with the field %s', (field, value) => {
    expect(() => parseUnstable(value)).toThrow(expect.objectContaining({ code: 'SCHEMA', field }));
  });
});
