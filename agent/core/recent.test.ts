import { expect, it } from 'vitest';
import { Recent } from './recent.ts';

it('keeps what was used last, and half of what it may keep at least', () => {
  const recent = new Recent<number, string>(8);
  for (let i = 0; i < 6; i++) recent.set(i, `v${i}`);
  expect(recent.get(0)).toBe('v0');
  for (let i = 6; i < 9; i++) recent.set(i, `v${i}`);
  const kept = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((i) => recent.get(i) !== undefined);
  expect(kept).toContain(0);
  expect(kept).toContain(8);
  expect(kept.length).toBeGreaterThanOrEqual(4);
  expect(kept.length).toBeLessThanOrEqual(8);
});

it('has the value that was set last', () => {
  const recent = new Recent<string, number>(4);
  for (let i = 0; i < 20; i++) {
    recent.set('same', i);
    recent.set(`other ${i}`, i);
    expect(recent.get('same')).toBe(i);
  }
});
