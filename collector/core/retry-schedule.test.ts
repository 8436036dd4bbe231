import { describe, expect, it } from 'vitest';
import { maxAttempts, pauseAfter } from './retry-schedule.ts';

const retry = { result: 'retry' } as const;
const seconds = (attempts: number) => (pauseAfter(attempts, retry, 0) ?? Number.NaN) / 1000;

describe('when a notice is tried again', () => {
  it('follows Standard Webhooks and ends after the tenth attempt', () => {
    const h = 3600;
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9].map(seconds)).toEqual([
      5,
      300,
      1800,
      2 * h,
      5 * h,
      10 * h,
      14 * h,
      20 * h,
      24 * h,
    ]);
    expect(pauseAfter(maxAttempts, retry, 0)).toBeUndefined();
  });

  it('spreads what failed together', () => {
    expect(pauseAfter(1, retry, 1)).toBe(5_500);
  });

  it('waits as long as it was asked to, but no longer than a day', () => {
    expect(pauseAfter(1, { ...retry, afterMs: 120_000 }, 0)).toBe(120_000);
    expect(pauseAfter(1, { ...retry, afterMs: 1e12 }, 0)).toBe(24 * 3_600_000);
    expect(pauseAfter(3, { ...retry, afterMs: 1 }, 0)).toBe(1_800_000);
  });

  it('gives up after three of what the receiver will never take', () => {
    const refused = { result: 'refused' } as const;
    expect([1, 2, 3].map((n) => pauseAfter(n, refused, 0))).toEqual([5_000, 300_000, undefined]);
  });
});
