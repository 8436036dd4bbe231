import { describe, expect, it } from 'vitest';
import { Lag } from './lag.ts';

const second = 1_000_000;

describe('a source', () => {
  it.each<[string, number, number, number, boolean]>([
    ['that tells at once is up to date', 10, 10.01, 10.02, false],
    ['that tells of long ago is behind', 10, 15, 15.1, true],
    ['that told of long ago and has paused since has nothing left to tell', 10, 15, 16.5, false],
  ])('%s', (_what, happened, receivedAt, now, behind) => {
    const lag = new Lag();
    lag.told(happened * second, receivedAt * second);
    expect(lag.isBehind(now * second)).toBe(behind);
  });

  it('that has told nothing yet is not behind', () => {
    expect(new Lag().isBehind(0)).toBe(false);
  });
});
