import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { p256PointFlaw, p256SpkiPrefix, verifyP256 } from './ecdsa.ts';

interface Vector {
  readonly class: string;
  readonly comment: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}
const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../test/vectors/ecdsa-p256.json', import.meta.url), 'utf8'),
);
const hex = (s: string): Uint8Array => new Uint8Array(Buffer.from(s, 'hex'));
const given = (v: Vector) => [hex(v.publicKey), hex(v.message), hex(v.signature)] as const;

describe('verifyP256', () => {
  it.each(vectors)('$class: $comment → $valid', (v) => {
    expect(verifyP256(...given(v))).toBe(v.valid);
  });

  it('covers every class', () => {
    expect(new Set(vectors.map((v) => v.class))).toEqual(
      new Set([
        'rfc6979',
        'openssl',
        'short',
        'twin',
        'range',
        'der',
        'raw',
        'key',
        'flipped',
        'other-hash',
        'corner',
      ]),
    );
    expect(vectors.length).toBe(101);
  });

  it('is stricter than the library below where that one takes a key in a second form', () => {
    const passesNode = (v: Vector): boolean => {
      try {
        const spki = Buffer.concat([p256SpkiPrefix, hex(v.publicKey)]);
        const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
        return verify('sha256', hex(v.message), key, hex(v.signature));
      } catch {
        return false;
      }
    };
    const der = vectors.filter((v) => v.signature.length !== 128);
    expect(der.filter((v) => v.valid && !passesNode(v))).toEqual([]);
    expect(der.filter((v) => !v.valid && passesNode(v)).map((v) => v.comment)).toEqual([
      'hybrid form',
      'one byte more',
    ]);
  });
});

describe('p256PointFlaw', () => {
  const ofClass = (name: string) => vectors.filter((v) => v.class === name);

  it.each([
    ['y + 1, off the curve', 'off-curve'],
    ['x = y = 0', 'off-curve'],
    ['compressed', 'length'],
    ['hybrid form', 'form'],
    ['infinity padded to 65 bytes', 'form'],
    ['x not below p (the same point a second time)', 'not-canonical'],
    ['of secp256k1, the base point', 'off-curve'],
    ['the other y: the key n-d', undefined],
  ])('judges a key: %s', (comment, flaw) => {
    const [vector] = ofClass('key').filter((v) => v.comment === comment);
    expect(p256PointFlaw(hex(vector?.publicKey ?? ''))).toBe(flaw);
  });
});
