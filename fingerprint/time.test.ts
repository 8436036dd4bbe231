import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSeconds, formatTime, parseTime } from './time.ts';

describe('time', () => {
  it('agrees with Date on every instant of the years that whole microseconds can count', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_007_199_254_740 }), (ms) => {
        const iso = new Date(ms).toISOString();
        expect(formatTime(ms * 1000)).toBe(iso.replace('Z', '000Z'));
        expect(parseTime(iso)).toBe(ms * 1000);
        expect(formatSeconds(ms * 1000)).toBe(iso.replace(/\.\d+Z/, 'Z'));
      }),
    );
  });

  it('keeps microseconds', () => {
    expect(formatTime(1_777_708_800_000_123)).toBe('2026-05-02T08:00:00.000123Z');
    expect(parseTime('2026-05-02T08:00:00.000123Z')).toBe(1_777_708_800_000_123);
    expect(parseTime('2026-05-02T08:00:00.000123999Z')).toBe(1_777_708_800_000_123);
  });

  it.each([
    '2026-05-02',
    '2026-05-02T08:00:00',
    '2026-05-02T08:00:00+02:00',
    '2026-02-30T08:00:00Z',
    '2026-13-01T08:00:00Z',
    '2026-00-01T08:00:00Z',
    '2026-05-02T24:00:00Z',
    '2026-05-02T08:60:00Z',
    '2026-05-02T08:00:60Z',
    '2026-05-02t08:00:00z',
    ' 2026-05-02T08:00:00Z',
    '2300-01-01T00:00:00Z',
    '',
  ])('refuses %j', (text) => expect(parseTime(text)).toBeUndefined());
});
