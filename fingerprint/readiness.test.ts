import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forecast } from './forecast.ts';
import {
  defaultThresholds,
  demoThresholds,
  type LearnedEntry,
  type LearningHistory,
  readiness,
} from './readiness.ts';

const hour = 3_600_000_000;
const day = 24 * hour;
const entry = (firstSeen: number, more: Partial<LearnedEntry> = {}): LearnedEntry => ({
  identity: `i${firstSeen}`,
  program: 'entrypoint|/sh|/usr/bin/app',
  firstSeen,
  instances: 3,
  containerId: 'c1',
  ...more,
});
const settled: LearningHistory = {
  startedAt: 0,
  now: 2 * day,
  lost: 0,
  instances: ['c1', 'c2', 'c3'],
  entries: [entry(1), entry(2), entry(hour)],
};
const reason = (
  h: LearningHistory,
  id: string,
  t = defaultThresholds,
): { ok: boolean; sentence: string } | undefined => readiness(h, t).reasons.find((r) => r.id === id);

describe('readiness', () => {
  it('is ready when all evidence agrees, and says why', () => {
    const r = readiness(settled, defaultThresholds);
    expect(r.ready).toBe(true);
    expect(r.reasons.map((x) => x.sentence)).toEqual([
      '3 behaviours learned in 2 d',
      'had it been fixed after ½, ¾ or ⅞ of the time, it would have raised no more than 0 per container and day since (½ 0 incidents, ¾ 0 incidents, ⅞ 0 incidents)',
      '3 independent instances seen; 0 behaviours seen in only one, so about 0 new ones are to be expected at the next start',
      'nothing new for 47 h: with 95 % confidence fewer than 1.5 unscheduled novelties a day are to come; what runs rarer, such as a monthly job, is not covered',
      'no event was lost',
    ]);
  });

  it.each<[string, string, LearningHistory, RegExp]>([
    ['nothing ran', 'elapsed', { ...settled, entries: [] }, /nothing was learned yet/],
    ['time was short', 'elapsed', { ...settled, now: hour }, /at least 24 h are wanted/],
    [
      'late novelties keep coming',
      'forecast',
      { ...settled, entries: [...settled.entries, entry(1.9 * day)] },
      /up to 1.3 per container and day \(½ 1 incident, ¾ 1 incident, ⅞ 1 incident; at most 0.05 is allowed\); the latest was by `app`/,
    ],
    [
      'copies are few',
      'instances',
      { ...settled, instances: ['c1', 'c1'] },
      /1 independent instance seen, 3 are wanted; start or restart 2 more copies/,
    ],
    [
      'copies differ',
      'instances',
      { ...settled, entries: [entry(1, { instances: 1 }), entry(2)] },
      /1 behaviour seen in only one, so about 0.33 new ones .*at most 0.1 is allowed/,
    ],
    [
      'something is new',
      'horizon',
      { ...settled, entries: [entry(2 * day - hour)] },
      /nothing new for 60 min, 6 h are wanted/,
    ],
    ['events were lost', 'loss', { ...settled, lost: 5 }, /5 events were lost/],
  ])('is not ready when %s', (_name, id, h, sentence) => {
    expect(readiness(h, defaultThresholds).ready).toBe(false);
    expect(reason(h, id)).toMatchObject({ ok: false, sentence: expect.stringMatching(sentence) });
  });

  it('asks less in the demo, and says that it does', () => {
    const second = 1_000_000;
    const h = { ...settled, now: 10 * second, instances: ['a', 'b'], entries: [entry(1), entry(2 * second)] };
    expect(demoThresholds.name).toBe('demo');
    expect(readiness(h, demoThresholds).ready).toBe(true);
    expect(readiness(h, defaultThresholds).ready).toBe(false);
    expect(readiness({ ...h, instances: ['a'] }, demoThresholds).ready).toBe(false);
  });

  it('never throws and always gives every reason, whatever the history', () => {
    const time = fc.integer({ min: 0, max: 10 * day });
    const arb = fc.record({
      startedAt: time,
      now: time,
      lost: fc.nat(),
      instances: fc.array(fc.constantFrom('a', 'b', 'c')),
      entries: fc.array(fc.tuple(time, fc.nat({ max: 4 })).map(([t, instances]) => entry(t, { instances }))),
    });
    fc.assert(
      fc.property(arb, (h) => {
        const r = readiness(h, defaultThresholds);
        expect(r.reasons.map((x) => x.id)).toEqual(['elapsed', 'forecast', 'instances', 'horizon', 'loss']);
        expect(r.reasons.map((x) => x.sentence).join()).not.toMatch(/NaN|Infinity|undefined/);
        expect(r.ready).toBe(r.reasons.every((x) => x.ok));
      }),
    );
  });
});

describe('forecast', () => {
  it('counts incidents, not events', () => {
    const late = 1.9 * day;
    const h = {
      ...settled,
      entries: [
        entry(late),
        entry(late + 1_000_000),
        entry(late + 2_500_000),
        entry(late, { containerId: 'c2' }),
        entry(late, { program: 'entrypoint|/sh|/other' }),
        entry(late + 10_000_000),
      ],
    };
    expect(forecast(h).map((c) => c.incidents)).toEqual([4, 4, 4]);
  });
});
