import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import nacl from 'tweetnacl';
import { describe, expect, it } from 'vitest';
import { isStrict, pointFlaw, publicFromSeed, signEd25519, spkiPrefix, verifyEd25519 } from './ed25519.ts';

interface Vector {
  readonly class: string;
  readonly comment: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
  readonly seed?: string;
}
interface SpecCheck {
  readonly message: string;
  readonly pub_key: string;
  readonly signature: string;
}
const load = <T>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`../test/vectors/${name}`, import.meta.url), 'utf8'));
const hex = (s: string): Uint8Array => new Uint8Array(Buffer.from(s, 'hex'));
const vectors = load<Vector>('ed25519.json');

/** The second opinion: the same strict checks, other arithmetic. */
const naclVerify = (key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  isStrict(key, signature) && nacl.sign.detached.verify(message, signature, key);

describe('verifyEd25519', () => {
  it.each(vectors)('$class: $comment → $valid', (v) => {
    const given = [hex(v.publicKey), hex(v.message), hex(v.signature)] as const;
    expect(verifyEd25519(...given)).toBe(v.valid);
    expect(naclVerify(...given)).toBe(v.valid);
  });

  it('covers every class of attack more than once', () => {
    const classes = new Map<string, number>();
    for (const v of vectors) classes.set(v.class, (classes.get(v.class) ?? 0) + 1);
    expect(Object.fromEntries(classes)).toMatchObject({
      rfc8032: 4,
      'small-order-key': 14,
      'small-order-r': 14,
    });
    expect(vectors.length).toBe(284);
  });

  it('gives one answer over both libraries: 0 disagreements', () => {
    const answers = vectors.map((v) => {
      const given = [hex(v.publicKey), hex(v.message), hex(v.signature)] as const;
      return { comment: v.comment, node: verifyEd25519(...given), nacl: naclVerify(...given) };
    });
    expect(answers.filter((a) => a.node !== a.nacl)).toEqual([]);
    expect(answers.filter((a) => a.node)).toHaveLength(vectors.filter((v) => v.valid).length);
  });

  // Who multiplies by the cofactor accepts these as well: two verifiers of one fleet would then disagree.
  it('holds the equation itself, not the cofactored one', () => {
    const mixed = vectors.filter((v) => v.class === 'mixed-order');
    expect(mixed.filter((v) => v.valid)).toHaveLength(43);
    expect(mixed.filter((v) => !v.valid)).toHaveLength(63);
  });

  it('is stricter than the libraries below it where they let a forgery pass', () => {
    const passesNode = (v: Vector): boolean => {
      const key = {
        key: Buffer.concat([spkiPrefix, hex(v.publicKey)]),
        format: 'der',
        type: 'spki',
      } as const;
      return verify(null, hex(v.message), createPublicKey(key), hex(v.signature));
    };
    const passesNacl = (v: Vector): boolean =>
      nacl.sign.detached.verify(hex(v.message), hex(v.signature), hex(v.publicKey));
    const ofClass = (name: string): Vector[] => vectors.filter((v) => v.class === name);
    expect(ofClass('s-range').filter(passesNacl)).toHaveLength(4);
    expect(ofClass('small-order-key').filter(passesNacl)).toHaveLength(14);
    expect(vectors.filter((v) => v.comment === 'key with one byte more').every(passesNode)).toBe(true);
  });

  it('accepts only case 3 of ed25519-speccheck, with either library', () => {
    const cases = load<SpecCheck>('ed25519-speccheck.json').map(
      (c) => [hex(c.pub_key), hex(c.message), hex(c.signature)] as const,
    );
    const only3 = cases.map((_, i) => i === 3);
    expect(cases.map((c) => verifyEd25519(...c))).toEqual(only3);
    expect(cases.map((c) => naclVerify(...c))).toEqual(only3);
  });
});

describe('signEd25519', () => {
  it.each(vectors.filter((v) => v.seed !== undefined))('gives the bytes of $class $comment', (v) => {
    const seed = hex(v.seed ?? '');
    expect(Buffer.from(publicFromSeed(seed)).toString('hex')).toBe(v.publicKey);
    expect(Buffer.from(signEd25519(seed, hex(v.message))).toString('hex')).toBe(v.signature);
  });
});

describe('pointFlaw', () => {
  it('knows all 14 encodings of small order', () => {
    const keys = new Set(vectors.filter((v) => v.class === 'small-order-key').map((v) => v.publicKey));
    expect(keys.size).toBe(14);
    for (const key of keys) expect(pointFlaw(hex(key))).toBe('small-order');
  });

  it.each([
    ['', 'length'],
    [`f2${'ff'.repeat(30)}7f`, 'not-canonical'],
    ['ff'.repeat(32), 'not-canonical'],
    ['d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', undefined],
  ])('judges %s', (point, flaw) => expect(pointFlaw(hex(point))).toBe(flaw));
});
