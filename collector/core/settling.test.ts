import { describe, expect, it } from 'vitest';
import { afterHello, isSettling } from './settling.ts';

const software = { version: '1.0', source: 'sensor', kernel: '6.1' };
const halfHour = 1_800_000;
const now = 10_000_000;

describe('a node settles', () => {
  it.each([
    ['its agent', { ...software, version: '1.1' }],
    ['its source', { ...software, source: 'tracee' }],
    ['its kernel', { ...software, kernel: '6.2' }],
  ])('after a change of %s, for half an hour', (_what, changed) => {
    const state = afterHello({ software, changedAt: 0 }, changed, now, 0);
    expect(isSettling(state, halfHour, now + halfHour - 1)).toBe(true);
    expect(isSettling(state, halfHour, now + halfHour)).toBe(false);
    expect(isSettling(state, halfHour, now - 3_600_000)).toBe(true);
    expect(isSettling(afterHello(state, changed, now + 1, 0), halfHour, now + 1)).toBe(true);
  });

  it('not when it is new, or said the same again', () => {
    expect(isSettling(afterHello(undefined, software, now, 0), halfHour, now)).toBe(false);
    expect(isSettling(afterHello({ software, changedAt: 0 }, software, now, 0), halfHour, now)).toBe(false);
  });

  it.each([
    ['that was known', { software, changedAt: 0 }],
    ['that came after the backup', undefined],
  ])('when records of it are gone: a node %s', (_which, before) => {
    const state = afterHello(before, software, now, 1);
    expect(isSettling(state, halfHour, now + halfHour - 1)).toBe(true);
    expect(isSettling(state, halfHour, now + halfHour)).toBe(false);
  });
});
