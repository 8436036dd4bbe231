import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';

describe('timestamps of signed documents', () => {
  it('agree with Date on every second from year 1 to 9999', () => {
    const seconds = fc.integer({ min: -62135596800, max: 253402300799 });
    fc.assert(
      fc.property(seconds, (s) => {
        const text = `${new Date(s * 1000).toISOString().slice(0, 19)}Z`;
        expect(formatTimestamp(s * 1000)).toBe(text);
        expect(parseTimestamp(text)).toBe(s * 1000);
      }),
    );
  });

  it.each([
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00.5Z',
    '2026-01-01T00:00:00+00:00',
    '2026-01-01t00:00:00z',
    '2026-01-01 00:00:00Z',
    '2026-01-01',
    '12026-01-01T00:00:00Z',
    '',
  ])('refuses %j', (text) => expect(parseTimestamp(text)).toBeUndefined());

  it('cuts fractions of a second off', () => {
    expect(formatTimestamp(1_777_622_400_999)).toBe('2026-05-01T08:00:00Z');
  });
});
