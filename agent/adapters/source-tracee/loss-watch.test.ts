import { describe, expect, it } from 'vitest';
import { LossWatch } from './loss-watch.ts';

type Look = readonly [events: number, lost: number, heard: boolean];

/** What the looks, two seconds apart, find: `lost N` and `wedged`. */
function findings(looks: readonly Look[]): string[] {
  const watch = new LossWatch();
  return looks.flatMap(([events, lost, heard], i) =>
    watch
      .look({ events, lost }, i * 2_000_000, heard)
      .map((f) => (f.type === 'lost' ? `lost ${f.lost}` : f.type)),
  );
}

describe('looks at the counters of Tracee', () => {
  it.each<[string, Look[], string[]]>([
    ['nothing of the first, whatever was lost before', [[9, 500, false]], []],
    ['nothing of a quiet node', Array(20).fill([9, 0, false]), []],
    ['nothing of a busy node', Array.from({ length: 20 }, (_, i): Look => [i * 100, 0, true]), []],
    [
      'each loss once',
      [
        [0, 0, true],
        [1, 7, true],
        [2, 7, true],
        [3, 9, true],
      ],
      ['lost 7', 'lost 2'],
    ],
    [
      'that events are counted and not handed over, at the fifth look',
      Array.from({ length: 6 }, (_, i): Look => [i, 0, false]),
      ['wedged'],
    ],
    [
      'nothing while one look in five hears something',
      Array.from({ length: 30 }, (_, i): Look => [i, 0, i % 5 === 4]),
      [],
    ],
    [
      'that only the kernel side moves',
      Array.from({ length: 6 }, (_, i): Look => [5, i, false]),
      [...Array(5).fill('lost 1'), 'wedged'],
    ],
    [
      'nothing where only now and then an event is counted that is not heard at once',
      [
        [0, 0, false],
        [1, 0, false],
        [1, 0, true],
        [2, 0, false],
        [2, 0, true],
      ],
      [],
    ],
    // A counter that goes back is a Tracee that was started anew behind the same connection: not ours to explain.
    [
      'no loss of a counter that goes back',
      [
        [5, 90, true],
        [6, 2, true],
        [7, 3, true],
      ],
      ['lost 1'],
    ],
  ])('find %s', (_, looks, found) => {
    expect(findings(looks)).toEqual(found);
  });

  it('tell from when to when', () => {
    const watch = new LossWatch();
    watch.look({ events: 0, lost: 0 }, 10, true);
    watch.look({ events: 1, lost: 0 }, 20, true);
    expect(watch.look({ events: 2, lost: 4 }, 30, true)).toEqual([
      { type: 'lost', since: 20, until: 30, lost: 4 },
    ]);
  });
});
