import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pauses } from './pauses.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('when a stream is read next', () => {
  const begin = () => {
    const read = vi.fn();
    return { read, pauses: new Pauses(read, () => Date.now()) };
  };
  const later = (ms: number) => vi.advanceTimersByTime(ms);

  it('at once, after a silence', () => {
    const { pauses } = begin();
    expect(pauses.readsOn(600)).toBe(true);
    later(100);
    expect(pauses.readsOn(600)).toBe(true);
  });

  it('in a moment, when little comes again and again', () => {
    const { pauses, read } = begin();
    pauses.readsOn(600);
    later(1);
    expect(pauses.readsOn(600)).toBe(false);
    expect(read).not.toHaveBeenCalled();
    later(30);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it.each([
    [1_000, 30],
    [8_000, 30],
    [16_000, 20],
    [30_000, 10],
  ])('when it is worth it: after %d bytes in ten milliseconds, in %d', (bytes, ms) => {
    const { pauses, read } = begin();
    pauses.readsOn(600);
    later(10);
    expect(pauses.readsOn(bytes)).toBe(false);
    later(ms - 1);
    expect(read).not.toHaveBeenCalled();
    later(1);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('at once, as long as much comes', () => {
    const { pauses } = begin();
    pauses.readsOn(600);
    expect(pauses.readsOn(256 << 10)).toBe(true);
    expect(pauses.readsOn(64 << 10)).toBe(true);
  });

  it('never, when it has ended', () => {
    const { pauses, read } = begin();
    pauses.readsOn(600);
    later(1);
    pauses.readsOn(600);
    pauses.end();
    later(100);
    expect(read).not.toHaveBeenCalled();
  });
});
