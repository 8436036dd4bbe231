import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ActDictionary } from './act-dictionary.ts';
import { type KeyBuffer, newKeyBuffer, seal } from './act-key.ts';

function keyOf(words: readonly number[], hash?: number): KeyBuffer {
  const key = newKeyBuffer();
  key.words.set(words);
  seal(key, words.length);
  if (hash !== undefined) key.hash = hash;
  return key;
}

describe('ActDictionary', () => {
  it('gives a number at the second coming, and the same one ever after', () => {
    const dictionary = new ActDictionary();
    expect(dictionary.offer(keyOf([1, 2]))).toBe(0);
    expect(dictionary.find(keyOf([1, 2]))).toBe(0);
    const number = dictionary.offer(keyOf([1, 2]));
    expect(number).toBeGreaterThan(0);
    expect([dictionary.find(keyOf([1, 2])), dictionary.offer(keyOf([1, 2]))]).toEqual([number, number]);
  });

  it('takes no act for another of the same hash', () => {
    const dictionary = new ActDictionary();
    dictionary.offer(keyOf([1], 7));
    const one = dictionary.offer(keyOf([1], 7));
    expect(dictionary.find(keyOf([2], 7))).toBe(0);
    expect(dictionary.find(keyOf([1, 0], 7))).toBe(0);
    expect([0, one]).not.toContain(dictionary.offer(keyOf([2], 7)));
    expect(dictionary.find(keyOf([1], 7))).toBe(one);
  });

  it('keeps no more than a few acts of one hash, whoever forges it, and nothing of the others', () => {
    const dictionary = new ActDictionary({ maxWords: 200 });
    for (let i = 0; i < 1_000; i++) for (let n = 0; n < 2; n++) dictionary.offer(keyOf([i], 7));
    expect([dictionary.size, dictionary.generation]).toEqual([32, 0]);
    for (let n = 0; n < 2; n++) dictionary.offer(keyOf([5], 4_000));
    expect(dictionary.find(keyOf([5], 4_000))).toBeGreaterThan(0);
  });

  it('keeps acts of every length, wherever a page ends', () => {
    const dictionary = new ActDictionary();
    const keys = Array.from({ length: 600 }, (_, i) =>
      keyOf(Array.from({ length: 1 + (i % 256) }, (_, n) => n ^ i)),
    );
    const acts = [...keys, ...keys].map((key) => dictionary.offer(key)).slice(keys.length);
    expect(keys.map((key) => dictionary.find(key))).toEqual(acts);
    expect(new Set(acts).size).toBe(600);
  });

  it('grows, and forgets nothing until it is full', () => {
    const dictionary = new ActDictionary({ maxActs: 20_000 });
    const numbers = Array.from({ length: 20_000 }, (_, i) => {
      const key = keyOf([i, i * 7, ~i]);
      dictionary.offer(key);
      return dictionary.offer(key);
    });
    expect(new Set(numbers).size).toBe(20_000);
    expect(numbers.every((n, i) => dictionary.find(keyOf([i, i * 7, ~i])) === n)).toBe(true);
    expect(dictionary.generation).toBe(0);
  });

  it.each([
    ['acts', { maxActs: 2 }],
    ['words', { maxWords: 10 }],
  ])('forgets everything at its bound on %s, and says so', (_what, bound) => {
    const dictionary = new ActDictionary(bound);
    for (const n of [1, 1, 2, 2, 3, 3]) dictionary.offer(keyOf([n, n]));
    expect(dictionary.generation).toBe(1);
    expect(dictionary.find(keyOf([1, 1]))).toBe(0);
    expect(dictionary.find(keyOf([3, 3]))).toBeGreaterThan(0);
    expect(dictionary.size).toBe(1);
  });

  it('takes in acts that come in turn, whatever their hashes share', () => {
    const dictionary = new ActDictionary();
    const keys = [1, 2, 3, 4].map((n) => keyOf([n], n << 20));
    for (let round = 0; round < 40; round++) for (const key of keys) dictionary.offer(key);
    expect(new Set(keys.map((key) => dictionary.find(key)).filter((act) => act > 0)).size).toBe(4);
  });

  it('is exact', () => {
    const words = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(words, { maxLength: 60 }), (keys) => {
        const dictionary = new ActDictionary();
        const numbers = new Map<string, number>();
        for (const key of keys) {
          dictionary.offer(keyOf(key));
          const number = dictionary.offer(keyOf(key));
          expect(number).toBe(numbers.get(String(key)) ?? number);
          numbers.set(String(key), number);
        }
        expect(new Set(numbers.values()).size).toBe(numbers.size);
        for (const [key, number] of numbers)
          expect(dictionary.find(keyOf(key.split(',').map(Number)))).toBe(number);
      }),
    );
  });
});
