import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pauses } from './pauses.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('when a stream is read next', () => {
  const begin = () => {
    const pause = vi.fn();
    const resume = vi.fn();
    const pauses = new Pauses({ pause, resume }, () => Date.now());
    let frames = 0;
    /** What is read within one turn of the event loop, and how many frames it is. */
    const read = (lengths: number | number[], begun = 1) => {
      pause.mockClear();
      frames += begun;
      for (const length of [lengths].flat()) pauses.heard(length, frames);
      vi.advanceTimersByTime(0);
      return pause.mock.calls.length === 0 ? 'at once' : 'later';
    };
    return { pauses, read, resume };
  };
  const later = (ms: number) => vi.advanceTimersByTime(ms);

  it('at once, after a silence', () => {
    const { read } = begin();
    expect(read(600)).toBe('at once');
    later(101);
    expect(read(600)).toBe('at once');
  });

  it('in a moment, when little comes again and again', () => {
    const { read, resume } = begin();
    read(600);
    later(1);
    expect(read(600)).toBe('later');
    expect(resume).not.toHaveBeenCalled();
    later(50);
    expect(resume).toHaveBeenCalledTimes(1);
  });

  it.each([
    [1_000, 50],
    [6_000, 50],
    [18_432, 20],
    [36_864, 10],
  ])('when it is worth it: after %d bytes in ten milliseconds, in %d', (bytes, ms) => {
    const { read, resume } = begin();
    read(600);
    later(10);
    expect(read(bytes)).toBe('later');
    later(ms - 1);
    expect(resume).not.toHaveBeenCalled();
    later(1);
    expect(resume).toHaveBeenCalledTimes(1);
  });

  it('at once, as long as much comes, in one piece or in the records of TLS', () => {
    const { read } = begin();
    read(600);
    later(50);
    expect(read(256 << 10)).toBe('at once');
    later(50);
    expect(read(Array<number>(24).fill(2_100))).toBe('at once');
    later(50);
    expect(read([16 << 10, 16 << 10, 16 << 10])).toBe('at once');
  });

  it('at once, when the socket may be full of small frames: the source waits for us', () => {
    const { read } = begin();
    read(600);
    later(50);
    expect(read(7_000, 95)).toBe('later');
    later(50);
    expect(read(7_000, 96)).toBe('at once');
  });

  it('the sooner, the more frames come', () => {
    const { read, resume } = begin();
    read(600);
    later(10);
    expect(read(4_000, 48)).toBe('later');
    later(14);
    expect(resume).not.toHaveBeenCalled();
    later(1);
    expect(resume).toHaveBeenCalledTimes(1);
  });

  it('never, when it has ended', () => {
    const { pauses, read, resume } = begin();
    read(600);
    later(1);
    read(600);
    pauses.heard(600, 9);
    pauses.end();
    later(100);
    expect(resume).not.toHaveBeenCalled();
  });
});
