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
  novelties: novelties.map((behaviour, ordinal) => ({
    ordinal,
    behaviour,
    time: 9_000_000 + ordinal,
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
    expect(history.entries.map((e) => [e.program, e.firstSeen, e.instances])).toEqual([
      ['entrypoint||/usr/bin/shop', 9_000_000, 2],
      ['entrypoint||/usr/bin/shop', 9_000_001, 1],
    ]);
  });

  it('counts a behaviour that no support report tells of as seen once', () => {
    expect(historyOf(learned([aBehaviour('/a')], []), now).entries[0]?.instances).toBe(1);
  });

  it('takes only copies that were watched from their start for independent starts', () => {
    const found = copy('old', { fromStart: false, state: 'found' });
    const ended = copy('ended', { state: 'exited' });
    expect(historyOf(learned([], [found, ended]), now).instances).toEqual(['node-1/ended']);
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
