import { describe, expect, it } from 'vitest';
import { type ByLabel, byLabel } from './disarm-label.ts';

const second = 1_000_000;
const hour = 3_600 * second;
const seenAt = Date.UTC(2026, 4, 3, 12) * 1000;
/** As the label has it. */
const at = (us: number): string => String(us / second);

describe('a label that disarms a namespace', () => {
  it.each<[string, string, number, ByLabel | undefined]>([
    ['until its time', at(seenAt + hour), 0, { until: seenAt + hour, as: 'told' }],
    ['until a second before it', at(seenAt + hour), hour - second, { until: seenAt + hour, as: 'told' }],
    ['not from its time on', at(seenAt + hour), hour, undefined],
    ['not when its time was over before', at(seenAt - hour), 0, undefined],
    ['not by 0', '0', 0, undefined],
    ['for all of a day', at(seenAt + 24 * hour), 0, { until: seenAt + 24 * hour, as: 'told' }],
    ['no longer than a day', at(seenAt + 25 * hour), 0, { until: seenAt + 24 * hour, as: 'too-late' }],
    ['not beyond that day', at(seenAt + 25 * hour), 24 * hour, undefined],
    ['for a day, by milliseconds', at(seenAt * 1000), 0, { until: seenAt + 24 * hour, as: 'too-late' }],
    ['for a day, by any number', '9'.repeat(63), 23 * hour, { until: seenAt + 24 * hour, as: 'too-late' }],
    ['until its time, zeros before it', `00${at(seenAt + hour)}`, 0, { until: seenAt + hour, as: 'told' }],
    ...[
      '',
      '2h',
      'true',
      '-1',
      '1e10',
      '0x7',
      '1798761600.5',
      '2026-05-03',
      ' 1798761600',
      '１７９８７６１６００',
    ].map((value): [string, string, number, ByLabel] => [
      'for a day, by what is no number',
      value,
      23 * hour,
      { until: seenAt + 24 * hour, as: 'no-time' },
    ]),
    ...['2', '7200', '2026', '20260503', '1577836799'].map((value): [string, string, number, ByLabel] => [
      'for a day, by a number that nobody took for a time of today',
      value,
      0,
      { until: seenAt + 24 * hour, as: 'no-time' },
    ]),
    ['not beyond the day, by what is no number', 'yes', 24 * hour, undefined],
  ])('does so %s: %j, %i µs after it was seen', (_what, value, after, found) => {
    expect(byLabel({ value, seenAt }, seenAt + after)).toEqual(found);
  });
});
