import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { aBehaviour, shop } from '../../test/fakes/reports.ts';
import { historyOf } from './history.ts';
import type { LearnedInstance, LearnedWorkload } from './learned.ts';

const now = 100_000_000;

function copy(id: string, over: Partial<LearnedInstance> = {}): LearnedInstance {
  return {
    instance: { id, node: 'node-1', startedAt: 5_000_000 },
    agent: 'a1',
    state: 'started',
    fromStart: true,
    coverage: ['open'],
    since: 0,
    until: 0,
    events: 0,
    lost: 0,
    seen: { start: [], steady: [] },
    ...over,
  };
}

const learned = (
  novelties: readonly Behaviour[],
  instances: readonly LearnedInstance[],
): LearnedWorkload => ({
  workload: shop,
  source: 'sensor',
  schedules: [],
  novelties: novelties.map((behaviour, ordinal) => ({
    ordinal,
    behaviour,
    time: 9_000_000 + ordinal,
    node: 'node-1',
    instance: 'a',
    phase: 'steady' as const,
  })),
  instances,
});

const dropped: Behaviour = {
  root: 'entrypoint',
  lineage: ['/usr/bin/shop', '/tmp/x'],
  kind: 'exec',
  args: ['x'],
  origin: 'scratch',
};

describe('historyOf', () => {
  it('counts who saw what', () => {
    const history = historyOf(
      learned(
        [aBehaviour('/a'), aBehaviour('/b')],
        [
          copy('a', { seen: { start: [0], steady: [0, 1] } }),
          copy('b', { seen: { start: [], steady: [0] } }),
        ],
      ),
      now,
    );
    expect(history.entries.map((e) => [e.copy, e.phase, e.firstSeen, e.copies])).toEqual([
      ['node-1/a', 'steady', 9_000_000, 2],
      ['node-1/a', 'steady', 9_000_001, 1],
    ]);
  });

  it('knows of a start-up the earliest start that showed it, whoever told it first', () => {
    const at = (id: string, startedAt: number, start: number[]) =>
      copy(id, { instance: { id, node: 'node-1', startedAt }, seen: { start, steady: [] } });
    const told = learned([aBehaviour('/a'), aBehaviour('/b'), aBehaviour('/c')], []);
    // Told by `a` alone; `first` was identified after it.
    const instances = [
      at('a', 6_000_000, [0, 1]),
      at('first', 5_000_000, [0, 2]),
      // When it started nobody told: it is no earlier than anybody.
      at('unknown', 0, [0, 1, 2]),
    ];
    const inStart = told.novelties.map((n) => ({ ...n, phase: 'start' as const }));
    const copyOfEach = (novelties: LearnedWorkload['novelties']) =>
      historyOf({ ...told, instances, novelties }, now).entries.map((e) => e.copy);
    expect(copyOfEach(inStart)).toEqual(['node-1/first', 'node-1/a', 'node-1/first']);
    expect(copyOfEach(told.novelties)).toEqual(['node-1/a', 'node-1/a', 'node-1/a']);
  });

  it('counts a behaviour that no support report tells of as seen once', () => {
    expect(historyOf(learned([aBehaviour('/a')], []), now).entries[0]?.copies).toBe(1);
  });

  it('tells copies apart by their node, and how long each was watched', () => {
    const { copies } = historyOf(
      learned(
        [aBehaviour('/a')],
        [
          copy('a'),
          copy('a', {
            instance: { id: 'a', node: 'node-2', startedAt: 7_000_000 },
            fromStart: false,
            since: 8_000_000,
          }),
          copy('ended', { state: 'exited', until: 6_000_000 }),
        ],
      ),
      now,
    );
    expect(copies).toEqual([
      { id: 'node-1/a', fromStart: true, steady: true, since: 5_000_000, until: now },
      { id: 'node-2/a', fromStart: false, steady: true, since: 8_000_000, until: now },
      // Over before its start-up was: the run of a job.
      { id: 'node-1/ended', fromStart: true, steady: false, since: 5_000_000, until: 6_000_000 },
    ]);
  });

  it('knows which jobs of the crontabs have run', () => {
    const job: Behaviour = {
      root: 'entrypoint',
      lineage: ['/usr/sbin/cron', '/bin/sh'],
      kind: 'exec',
      args: ['/bin/sh', '-c', '/usr/bin/backup --full'],
    };
    const schedules = ['/usr/bin/backup --full', '/usr/bin/report'].map((command) => ({
      timing: '@daily',
      command,
    }));
    expect(historyOf({ ...learned([job], []), schedules }, now).schedules.map((s) => s.seen)).toEqual([
      true,
      false,
    ]);
  });

  it('knows the modes that show in the life of its copies', () => {
    const modes = (...copies: LearnedInstance[]) => historyOf(learned([], copies), now).modes;
    expect(modes(copy('a', { fromStart: false }))).toEqual([]);
    expect(modes(copy('a'), copy('b', { state: 'exited' }))).toEqual(['start', 'shutdown']);
  });

  it.each<[string, LearnedInstance[], number]>([
    ['the start of the first copy that was watched from its start', [copy('a')], 5_000_000],
    ['not the start of a copy that is older than the watching', [copy('a', { fromStart: false })], 9_000_000],
    ['the first support report', [copy('a', { fromStart: false, since: 7_000_000 })], 7_000_000],
  ])('begins with %s', (_name, instances, startedAt) => {
    expect(historyOf(learned([aBehaviour('/a')], instances), now).startedAt).toBe(startedAt);
  });

  it('leaves out what is never learned', () => {
    expect(historyOf(learned([dropped], []), now).entries).toEqual([]);
  });

  it('adds up what was lost', () => {
    expect(historyOf(learned([], [copy('a', { lost: 2 }), copy('b', { lost: 3 })]), now).lost).toBe(5);
  });
});
