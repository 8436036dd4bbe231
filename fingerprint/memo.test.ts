import { describe, expect, it } from 'vitest';
import { memoised } from './memo.ts';

describe('memoised', () => {
  it('asks once for what it remembers and again for what it forgot', () => {
    const asked: string[] = [];
    const f = memoised((key: string) => {
      asked.push(key);
      return key.length;
    }, 2);
    expect(['a', 'a', 'bb', 'a', 'cc', 'dd', 'a', 'ee', 'ff', 'bb'].map(f)).toEqual([
      1, 1, 2, 1, 2, 2, 1, 2, 2, 2,
    ]);
    expect(asked).toEqual(['a', 'bb', 'cc', 'dd', 'ee', 'ff', 'bb']);
  });

  it('does not keep long texts', () => {
    let asked = 0;
    const f = memoised(() => ++asked, 2);
    const long = 'x'.repeat(600);
    expect([f(long), f(long)]).toEqual([1, 2]);
  });
});
