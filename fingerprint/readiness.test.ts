import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Behaviour } from './behaviour.ts';
import { forecast } from './forecast.ts';
import type { LearnedCopy, LearnedEntry, LearningHistory } from './learning-history.ts';
import { ProgramSet } from './program-set.ts';
import { defaultThresholds, demoThresholds, readiness, type Thresholds } from './readiness.ts';
import type { Reason } from './reason.ts';

const second = 1_000_000;
const hour = 3600 * second;
const day = 24 * hour;

const app = { root: 'entrypoint', lineage: ['/usr/bin/app'] } as const;
const opened = (path: string): Behaviour => ({ ...app, kind: 'open', path, access: 'read' });
const started: Behaviour = { ...app, kind: 'exec', args: ['app'], origin: 'image' };
const shell: Behaviour = {
  root: 'entrypoint',
  lineage: ['/usr/bin/app', '/bin/sh'],
  kind: 'exec',
  args: ['sh'],
};

const entry = (firstSeen: number, more: Partial<LearnedEntry> = {}): LearnedEntry => ({
  behaviour: opened(`/srv/${firstSeen}`),
  firstSeen,
  phase: 'steady',
  copy: 'c1',
  copies: 3,
  ...more,
});
const copy = (id: string, more: Partial<LearnedCopy> = {}): LearnedCopy => ({
  id,
  fromStart: true,
  steady: true,
  since: 0,
  until: 2 * day,
  ...more,
});
const settled: LearningHistory = {
  startedAt: 0,
  now: 2 * day,
  lost: 0,
  copies: [copy('c1'), copy('c2'), copy('c3')],
  entries: [entry(1, { behaviour: started, phase: 'start' }), entry(2), entry(hour)],
  schedules: [],
  exercises: [],
  modes: ['start'],
};
const with_ = (more: Partial<LearningHistory>): LearningHistory => ({ ...settled, ...more });
const later = (...more: LearnedEntry[]): LearningHistory => with_({ entries: [...settled.entries, ...more] });
const reason = (h: LearningHistory, name: string, t: Thresholds = defaultThresholds): Reason | undefined =>
  readiness(h, t).reasons.find((r) => name === (r.phase === undefined ? r.id : `${r.id} ${r.phase}`));

describe('readiness', () => {
  it('is ready when all evidence agrees, and says why', () => {
    const r = readiness(settled, defaultThresholds);
    expect([r.ready, r.phases, r.inUs]).toEqual([true, ['start', 'steady'], undefined]);
    expect(r.reasons.map((x) => x.sentence)).toEqual([
      '3 behaviours learned in 2 d',
      'no sign yet of load, reload, rotate, backup, failover, shutdown; what is new then will alert',
      'no event was lost',
      'start-up: had it been fixed after ½, ¾ or ⅞ of the starts, it would have raised no more than 0 per start since (½ 0 incidents, ¾ 0 incidents, ⅞ 0 incidents; with 95 % confidence fewer than 3)',
      '3 starts seen; 0 behaviours seen in only one, so about 0 new ones are to be expected at the next start',
      'daily work: had it been fixed after ½, ¾ or ⅞ of the time, it would have raised no more than 0 per container and day since (½ 0 incidents, ¾ 0 incidents, ⅞ 0 incidents; with 95 % confidence fewer than 1)',
      '3 independent copies seen; 0 behaviours seen in only one, so about 0 new ones are to be expected at the next copy',
      'nothing new for 47 h: with 95 % confidence fewer than 1.5 unscheduled novelties a day are to come; what runs rarer, such as a monthly job, is not covered',
    ]);
  });

  it.each<[string, string, LearningHistory, RegExp]>([
    ['nothing ran', 'elapsed', with_({ entries: [] }), /nothing was learned yet/],
    ['time was short', 'elapsed', with_({ now: hour }), /at least 24 h are wanted/],
    [
      'no two copies ever ran at once and time was short',
      'elapsed',
      with_({ copies: [copy('c1')] }),
      /at least 3 d are wanted, because no two copies ever ran at once/,
    ],
    [
      'late novelties keep coming',
      'forecast steady',
      later(entry(1.9 * day)),
      /up to 1.3 per container and day \(½ 1 incident, ¾ 1 incident, ⅞ 1 incident; at most 0.05 is allowed\); the latest was by `app`/,
    ],
    [
      'a new program came late, however many copies dilute it',
      'forecast steady',
      {
        ...later(entry(1.9 * day, { behaviour: shell })),
        copies: Array.from({ length: 900 }, (_, i) => copy(`c${i}`)),
      },
      /1 for new programs or foreign code, where none is allowed; the latest was by `sh`/,
    ],
    [
      'copies are few',
      'instances steady',
      with_({ copies: [copy('c1'), copy('c2')] }),
      /2 independent copies seen, 3 are wanted; start 1 more copy/,
    ],
    [
      'copies differ',
      'instances steady',
      with_({ entries: [...settled.entries, entry(3, { copies: 1 })] }),
      /1 behaviour seen in only one, so about 0.33 new ones .*at most 0.1 is allowed/,
    ],
    [
      'something is new',
      'horizon steady',
      later(entry(2 * day - hour)),
      /nothing new for 60 min, 6 h are wanted/,
    ],
    ['events were lost', 'loss', with_({ lost: 5 }), /5 events were lost/],
    [
      'what was declared was not seen',
      'representativeness',
      with_({ exercises: [{ mode: 'backup', expects: [{ do: 'exec', exe: '/usr/bin/pg_dump' }] }] }),
      /declared, but backup was not seen: \/usr\/bin\/pg_dump did not run/,
    ],
  ])('is not ready when %s', (_name, id, h, sentence) => {
    expect(readiness(h, defaultThresholds)).toMatchObject({ ready: false, phases: [] });
    expect(reason(h, id)).toMatchObject({ ok: false, sentence: expect.stringMatching(sentence) });
  });

  it('asks less in the demo, and says that it does', () => {
    const h = with_({
      now: 10 * second,
      copies: [copy('a', { until: 10 * second }), copy('b', { until: 10 * second })],
      entries: [entry(1), entry(2 * second)],
    });
    expect(demoThresholds.name).toBe('demo');
    expect(readiness(h, demoThresholds).phases).toEqual(['start', 'steady']);
    expect(readiness(h, defaultThresholds).ready).toBe(false);
    expect(readiness({ ...h, copies: h.copies.slice(0, 1) }, demoThresholds).ready).toBe(false);
  });

  it('says when time alone would make it ready', () => {
    expect(readiness(with_({ now: 10 * hour }), defaultThresholds).inUs).toBe(14 * hour);
    // A novelty after 20 hours is known to each cut after 40.
    const late = { ...later(entry(20 * hour)), now: 30 * hour };
    expect(readiness(late, defaultThresholds).inUs).toBe(10 * hour);
    expect(readiness(with_({ copies: [copy('a'), copy('b')] }), defaultThresholds).inUs).toBeUndefined();
  });
});

describe('the phases of a life', () => {
  it('are judged ready apart: found copies say nothing of starts', () => {
    const found = with_({ copies: settled.copies.map((c) => ({ ...c, fromStart: false })) });
    expect(readiness(found, defaultThresholds)).toMatchObject({ ready: true, phases: ['steady'] });
    expect(reason(found, 'instances start')?.sentence).toMatch(
      /0 starts seen, 3 are wanted; restart or start 3 more/,
    );
  });

  it('wait for the start that shows nothing new', () => {
    const copies = [0, 1, 2, 3].map((i) => copy(`c${i}`, { since: i * hour }));
    const starting = (i: number): LearnedEntry =>
      entry(i * hour + 1, { phase: 'start', copy: `c${i}`, behaviour: opened(`/etc/${i}`) });
    const phases = (...starts: number[]) =>
      readiness(with_({ copies, entries: [...settled.entries, ...starts.map(starting)] }), defaultThresholds)
        .phases;
    expect([phases(0, 1), phases(2), phases(3)]).toEqual([['start', 'steady'], ['steady'], ['steady']]);
  });

  it('are one for jobs, whose runs end within their start-up', () => {
    const run = (id: string, since: number): LearnedCopy =>
      copy(id, { steady: false, since, until: since + second });
    const job = with_({
      copies: [run('a', 0), run('b', 10 * hour), run('c', 20 * hour)],
      entries: [entry(1, { behaviour: started, phase: 'start', copy: 'a' })],
    });
    expect(readiness(job, defaultThresholds)).toMatchObject({ ready: true, phases: ['start', 'steady'] });
    expect(readiness({ ...job, copies: job.copies.slice(0, 2) }, defaultThresholds).ready).toBe(false);
  });
});

describe('a workload of a single copy', () => {
  it('is known by time alone, says so, and never knows its starts', () => {
    const alone = with_({ now: 4 * day, copies: [copy('c1', { until: 4 * day })] });
    expect(readiness(alone, defaultThresholds)).toMatchObject({ ready: true, phases: ['steady'] });
    expect(reason(alone, 'instances steady')?.sentence).toMatch(/stays at alert until a person approves it/);
  });
});

describe('what is scheduled', () => {
  it('is named while it was not seen, and holds nothing up', () => {
    const schedules = [
      { timing: '0 3 1 * *', command: '/usr/bin/report', seen: false },
      { timing: '@daily', command: '/usr/bin/backup', seen: true },
    ];
    expect(reason(with_({ schedules }), 'horizon steady')).toMatchObject({
      ok: true,
      sentence: expect.stringMatching(/scheduled and not seen yet: `\/usr\/bin\/report` \(0 3 1 \* \*\)$/),
    });
  });
});

describe('what was inherited', () => {
  it('is no novelty when it is seen again', () => {
    const again = later(entry(1.9 * day, { behaviour: shell, copies: 1 }));
    expect(readiness(again, defaultThresholds).ready).toBe(false);
    const set = new ProgramSet();
    set.addBehaviour(shell);
    expect(readiness({ ...again, inherited: set.toSet() }, defaultThresholds).ready).toBe(true);
  });
});

describe('forecast', () => {
  it('counts incidents, not events: what begins together on one copy, or below one foreign program', () => {
    const late = 1.9 * day;
    const sh = (path: string): Behaviour => ({ ...shell, kind: 'open', path, access: 'read' }) as Behaviour;
    const h = later(
      entry(late),
      entry(late + second),
      entry(late + 3 * second),
      entry(late, { copy: 'c2' }),
      entry(late + 20 * second, { behaviour: shell }),
      entry(late + 60 * second, { behaviour: sh('/etc/x') }),
    );
    expect(forecast(h, 'steady').map((c) => [c.incidents, c.stops])).toEqual([
      [4, 1],
      [4, 1],
      [4, 1],
    ]);
  });

  it('bounds the rate by what was watched', () => {
    const [half] = forecast(settled, 'steady');
    // Three copies for one day, nothing seen: 3.0 / 3.
    expect(half).toMatchObject({ exposure: 3, rate: 0, bound: expect.closeTo(0.9986, 3) });
  });
});

const anEntry = fc.record({
  behaviour: fc.oneof(
    fc.constantFrom(started, shell),
    fc.nat({ max: 40 }).map((n) => opened(`/srv/${n}`)),
  ),
  firstSeen: fc.integer({ min: 0, max: 10 * day }),
  phase: fc.constantFrom('start' as const, 'steady' as const),
  copy: fc.constantFrom('a', 'b', 'c', 'd'),
  copies: fc.nat({ max: 4 }),
});
const aHistory = fc.record({
  startedAt: fc.integer({ min: 0, max: 10 * day }),
  now: fc.integer({ min: 0, max: 10 * day }),
  lost: fc.nat({ max: 2 }),
  copies: fc.uniqueArray(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      fromStart: fc.boolean(),
      steady: fc.boolean(),
      since: fc.integer({ min: 0, max: 10 * day }),
      until: fc.integer({ min: 0, max: 10 * day }),
    }),
    { selector: (c) => c.id },
  ),
  entries: fc.array(anEntry, { maxLength: 12 }),
  schedules: fc.constant([]),
  exercises: fc.constant([]),
  modes: fc.constant([]),
});

describe('whatever the history', () => {
  it('gives every reason, a sentence a person can read, and no more than they say', () => {
    fc.assert(
      fc.property(aHistory, (h) => {
        const r = readiness(h, defaultThresholds);
        expect(r.reasons.map((x) => x.sentence).join()).not.toMatch(/NaN|Infinity|undefined/);
        expect(new Set(r.reasons.map((x) => x.id)).size).toBe(6);
        if (r.ready) expect(r.reasons.filter((x) => x.phase !== 'start').every((x) => x.ok)).toBe(true);
        expect(r.ready).toBe(r.phases.length > 0);
      }),
      { seed: 7 },
    );
  });

  it('is not ready sooner for ten times the traffic, which shows the same things ten times as often', () => {
    fc.assert(
      fc.property(aHistory, (h) => {
        // All that more traffic adds is repetition: entries are things, and copies are copies.
        const tenfold = { ...h, entries: h.entries.flatMap((e) => Array.from({ length: 10 }, () => e)) };
        const [once, often] = [readiness(h, defaultThresholds), readiness(tenfold, defaultThresholds)];
        expect(often.phases.filter((p) => !once.phases.includes(p))).toEqual([]);
        for (const [i, cut] of forecast(h, 'steady').entries())
          expect(forecast(tenfold, 'steady')[i]?.bound).toBeGreaterThanOrEqual(cut.bound);
      }),
      { seed: 11 },
    );
  });
});
