import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inScope, isAtLeast, isWhole, roles, sameHash, tokenBytes, tokenId, writeToken } from './access.ts';

const random = fc.uint8Array({ minLength: tokenBytes, maxLength: tokenBytes });

describe('a token', () => {
  it('says its id, and is known by its checksum', () => {
    fc.assert(
      fc.property(random, (bytes) => {
        const { id, token } = writeToken(bytes);
        expect(token).toMatch(/^whorl_[0-9A-Za-z]{11}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
        expect(tokenId(token)).toBe(id);
      }),
    );
  });

  it('with one character changed is none', () => {
    fc.assert(
      fc.property(random, fc.nat(), fc.constantFrom(...'0Az_'), (bytes, at, char) => {
        const { token } = writeToken(bytes);
        const i = at % token.length;
        const other = token.slice(0, i) + char + token.slice(i + 1);
        expect(tokenId(other) === undefined).toBe(other !== token);
      }),
    );
  });

  it('of other bytes is another', () => {
    fc.assert(
      fc.property(random, random, (a, b) => {
        const same = Buffer.compare(a, b) === 0;
        expect(writeToken(a).token === writeToken(b).token).toBe(same);
      }),
    );
  });

  it.each(['', 'whorl_', 'whorl_a_b_c', ' '.repeat(80), 'x'.repeat(100_000)])('is not %j', (text) => {
    expect(tokenId(text)).toBeUndefined();
  });
});

describe('roles', () => {
  it('may all that lesser roles may, and nothing more', () => {
    for (const [i, role] of roles.entries())
      for (const [j, least] of roles.entries()) expect(isAtLeast(role, least)).toBe(i >= j);
  });
});

describe('scope', () => {
  const shop = { cluster: 'eu', namespace: 'shop' };
  it.each([
    [{ clusters: [], namespaces: [] }, true],
    [{ clusters: ['eu'], namespaces: [] }, true],
    [{ clusters: ['us'], namespaces: [] }, false],
    [{ clusters: [], namespaces: ['shop', 'pay'] }, true],
    [{ clusters: [], namespaces: ['pay'] }, false],
    [{ clusters: ['us'], namespaces: ['shop'] }, false],
    // Not a prefix, and not without regard to case.
    [{ clusters: [], namespaces: ['sho'] }, false],
    [{ clusters: [], namespaces: ['Shop'] }, false],
  ])('%j', (scope, seen) => {
    expect(inScope(scope, shop)).toBe(seen);
    expect(isWhole(scope)).toBe(scope.clusters.length + scope.namespaces.length === 0);
  });
});

it('compares hashes whole', () => {
  expect([sameHash('ab', 'ab'), sameHash('ab', 'ac'), sameHash('ab', 'abc'), sameHash('', '')]).toEqual([
    true,
    false,
    false,
    true,
  ]);
});
