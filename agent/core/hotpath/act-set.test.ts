import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyBuffer, newKeyBuffer, seal } from './act-key.ts';
import { ActSet } from './act-set.ts';
import { ActWords } from './act-words.ts';

function keyOf(word: number, hash?: number): KeyBuffer {
  const key = newKeyBuffer();
  key.words[0] = word;
  seal(key, 1);
  if (hash !== undefined) key.hash = hash;
  return key;
}

describe('ActSet', () => {
  it('holds exactly what was added, of all that is known', () => {
    const acts = fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { maxLength: 300 });
    fc.assert(
      fc.property(acts, fc.boolean(), (added, collide) => {
        const words = new ActWords(10_000);
        const set = new ActSet(1_000);
        const hash = (n: number): number | undefined => (collide ? n % 64 : undefined);
        const numbers = Array.from({ length: 1_000 }, (_, n) => words.keep(keyOf(n, hash(n))));
        const kept = added.filter((n) => set.add(numbers[n] ?? 0, words));
        expect(set.size).toBe(kept.length);
        for (let n = 0; n < 1_000; n++)
          expect(set.find(keyOf(n, hash(n)), words)).toBe(kept.includes(n) ? numbers[n] : 0);
      }),
    );
  });

  it('makes no chain longer than a look is short', () => {
    const words = new ActWords(10_000);
    const set = new ActSet(1_000);
    const added = Array.from({ length: 100 }, (_, n) => set.add(words.keep(keyOf(n, 7)), words));
    expect(added.filter(Boolean)).toHaveLength(32);
  });

  it('begins anew with one more than it may hold', () => {
    const words = new ActWords(10_000);
    const set = new ActSet(3);
    for (let n = 0; n < 4; n++) set.add(words.keep(keyOf(n)), words);
    expect(set.size).toBe(1);
    expect(set.find(keyOf(2), words)).toBe(0);
    expect(set.find(keyOf(3), words)).toBeGreaterThan(0);
  });
});
