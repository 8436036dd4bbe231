import { describe, expect, it } from 'vitest';
import { upperBound95 } from './poisson.ts';

describe('upperBound95', () => {
  // ½ χ²(0.95; 2n + 2), from printed tables.
  it.each([
    [0, 2.9957],
    [1, 4.7439],
    [2, 6.2958],
    [3, 7.7537],
    [10, 16.9622],
    [100, 118.0793],
  ])('of %i events is %f', (count, bound) => {
    expect(upperBound95(count)).toBeCloseTo(bound, 3);
  });

  it('grows with the count and stays above it, also where terms are too small for a double', () => {
    const bounds = [0, 1, 5, 50, 500, 5000].map(upperBound95);
    expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
    expect(upperBound95(5000)).toBeGreaterThan(5000);
    expect(upperBound95(5000)).toBeLessThan(5200);
  });
});
