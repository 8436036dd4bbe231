import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyBuffer, RecordCache } from './record-cache.ts';

const keyOf = (
  words: readonly number[],
  hash = words.reduce((h, w) => Math.imul(h ^ w, 0x9e3779b1), 7),
): KeyBuffer => ({
  words: Int32Array.from(words),
  length: words.length,
  hash,
});
const keep = (cache: RecordCache, key: KeyBuffer, value: number): void => {
  cache.offer(key, value);
  cache.offer(key, value);
};

describe('RecordCache', () => {
  it('keeps a key at its second coming, not at its first', () => {
    const cache = new RecordCache({ slots: 64, arenaWords: 1024 });
    const key = keyOf([1, 2, 3]);
    cache.offer(key, 5);
    expect(cache.find(key)).toBe(-1);
    cache.offer(key, 5);
    expect(cache.find(key)).toBe(5);
  });

  it('tells keys with the same hash apart by every word', () => {
    const cache = new RecordCache({ slots: 64, arenaWords: 1024 });
    keep(cache, keyOf([1, 2, 3], 42), 1);
    keep(cache, keyOf([1, 2, 4], 42), 2);
    expect(cache.find(keyOf([1, 2, 3], 42))).toBe(1);
    expect(cache.find(keyOf([1, 2, 4], 42))).toBe(2);
    expect(cache.find(keyOf([1, 2], 42))).toBe(-1);
    expect(cache.find(keyOf([1, 2, 3, 0], 42))).toBe(-1);
    expect(cache.find(keyOf([9, 2, 3], 42))).toBe(-1);
  });

  it('replaces the value of a key it knows', () => {
    const cache = new RecordCache({ slots: 64, arenaWords: 1024 });
    keep(cache, keyOf([1]), 1);
    keep(cache, keyOf([1]), 2);
    expect(cache.find(keyOf([1]))).toBe(2);
  });

  it('forgets everything when the arena is full, and counts it', () => {
    const cache = new RecordCache({ slots: 64, arenaWords: 4 });
    keep(cache, keyOf([1, 2, 3]), 1);
    keep(cache, keyOf([4, 5, 6]), 2);
    expect(cache.find(keyOf([1, 2, 3]))).toBe(-1);
    expect(cache.find(keyOf([4, 5, 6]))).toBe(2);
    expect(cache.cleared).toBe(1);
    keep(cache, keyOf([1, 2, 3, 4, 5]), 3);
    expect(cache.find(keyOf([1, 2, 3, 4, 5]))).toBe(-1);
  });

  it('never answers with a value that was not given for that very key', () => {
    const words = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 });
    const step = fc.record({ words, hash: fc.integer({ min: 0, max: 20 }), value: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const cache = new RecordCache({ slots: 16, arenaWords: 48 });
        const truth = new Map<string, number>();
        for (const s of steps) {
          const key = keyOf(s.words, s.hash);
          const name = `${s.hash}:${s.words.join()}`;
          const found = cache.find(key);
          if (found !== -1) expect(found).toBe(truth.get(name));
          keep(cache, key, s.value);
          truth.set(name, s.value);
          expect(cache.find(key)).toBe(s.value);
        }
      }),
    );
  });
});
