import { describe, expect, it } from 'vitest';
import { commandTarget, imageTargets } from './target.ts';

const filesOf = (...images: readonly string[]) => imageTargets(images, undefined).map((t) => t.file);

describe('the file of an image', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['registry.example/shop/cart:1.4'], ['cart']],
    [
      ['shop/cart', 'shop/db'],
      ['cart', 'db'],
    ],
    [
      ['shop/cart', 'bank/cart'],
      ['shop-cart', 'bank-cart'],
    ],
    [
      ['postgres:15', 'postgres:16'],
      ['postgres-15', 'postgres-16'],
    ],
    [['shop/Cart'], ['cart']],
    [['shop/unstable'], ['shop-unstable']],
    [[`sha256:${'ab'.repeat(32)}`], [`sha256-${'ab'.repeat(32)}`]],
  ])('of %j is %j', (images, files) => expect(filesOf(...images)).toEqual(files));

  it('is one file each, and never outside the directory', () => {
    expect(() => filesOf('cart:1', 'cart:1')).toThrow(/the same image is named twice/);
    expect(imageTargets(['shop/cart'], '../../etc/passwd')[0]?.file).toBe('passwd');
    expect(imageTargets(['shop/cart'], '..')[0]?.file).toBe('command');
    expect(commandTarget(['/usr/bin/server', '-x'], undefined)).toMatchObject({
      name: 'server',
      file: 'server',
    });
  });

  it('has the name a person gives, of one image alone', () => {
    expect(imageTargets(['cart:dev'], 'registry.example/shop/cart')[0]).toMatchObject({
      name: 'registry.example/shop/cart',
      file: 'cart',
    });
    expect(() => imageTargets(['a', 'b'], 'c')).toThrow(/--name can name one image only/);
    expect(() => commandTarget(['a b'], undefined)).toThrow(/cannot be the name/);
    expect(() =>
      imageTargets(
        Array.from({ length: 65 }, (_, i) => `i${i}`),
        undefined,
      ),
    ).toThrow(/at most 64/);
  });
});
