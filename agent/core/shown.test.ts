import { describe, expect, it } from 'vitest';
import { startUs } from '../../fingerprint/phase.ts';
import { Shown } from './shown.ts';

const told = (shown: Shown, until: number, acts: number) =>
  [...shown.support(until, acts)].map((s) => [s.phase, [...s.seen], s.since, s.until, s.events, s.lost]);

describe('what a copy has shown', () => {
  it('is told by phase: the start-up as long as it lasts and once when it is over', () => {
    const shown = new Shown('start', 100);
    shown.saw(0, 'start');
    expect(told(shown, 110, 5)).toEqual([['start', [1], 100, 110, 5, 0]]);
    expect([shown.settle(120, 7), shown.settle(130, 9)]).toEqual([true, false]);
    shown.saw(1, 'steady');
    shown.lost(3);
    expect(told(shown, 200, 10)).toEqual([
      ['start', [1], 110, 120, 2, 0],
      ['steady', [2], 120, 200, 3, 3],
    ]);
    expect(told(shown, 300, 12)).toEqual([['steady', [2], 200, 300, 2, 0]]);
  });

  it('has no start-up when it was found running', () => {
    const shown = new Shown('steady', 100);
    expect([shown.isFromStart, shown.isOverdue(100 + startUs)]).toEqual([false, false]);
    expect(told(shown, 110, 1)).toEqual([['steady', [], 100, 110, 1, 0]]);
  });

  it('is no start-up any more after a minute', () => {
    const shown = new Shown('start', 100);
    expect([shown.isOverdue(99 + startUs), shown.isOverdue(100 + startUs)]).toEqual([false, true]);
  });
});
