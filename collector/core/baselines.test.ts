import { describe, expect, it } from 'vitest';
import { aBehaviour, shop } from '../../test/fakes/reports.ts';
import { baselineOf } from './baselines.ts';
import type { LearnedInstance, LearnedWorkload } from './learned.ts';

const instance = (id: string, over: Partial<LearnedInstance> = {}): LearnedInstance => ({
  instance: { id, node: 'node-1', startedAt: 1 },
  agent: 'a1',
  state: 'started',
  fromStart: true,
  coverage: ['exec', 'open'],
  since: 1_000_000,
  until: 9_000_000,
  events: 10,
  lost: 1,
  seen: { start: [0], steady: [] },
  ...over,
});

const novelty = (ordinal: number, path: string) => ({
  ordinal,
  behaviour: aBehaviour(path),
  time: 2_000_000,
  node: 'node-1',
  instance: 'a',
  phase: 'steady' as const,
});

const learned: LearnedWorkload = {
  workload: shop,
  source: 'sensor',
  schedules: [],
  novelties: [novelty(0, '/etc/a'), novelty(1, '/etc/b')],
  instances: [instance('a'), instance('b', { coverage: ['open', 'connect'], until: 12_000_000 })],
};

describe('baselineOf', () => {
  it('is the same whatever order the reports came in', () => {
    const reversed = {
      ...learned,
      novelties: [...learned.novelties].reverse(),
      instances: [...learned.instances].reverse(),
    };
    expect(JSON.stringify(baselineOf(reversed))).toBe(JSON.stringify(baselineOf(learned)));
  });

  it('covers only what every copy was watched for', () => {
    expect(baselineOf(learned).coverage).toEqual(['open']);
  });

  it('says how it was learned, without names of machines', () => {
    const { observation } = baselineOf(learned);
    expect(observation).toMatchObject({
      startedAt: '1970-01-01T00:00:01Z',
      finishedAt: '1970-01-01T00:00:12Z',
      events: 20,
      lost: 2,
    });
    expect(observation.instances).toHaveLength(2);
    expect(JSON.stringify(observation)).not.toContain('node-1');
  });

  it('exists for a workload of which nothing is known yet', () => {
    expect(baselineOf({ ...learned, novelties: [], instances: [], source: '' }).behaviour.programs).toEqual(
      [],
    );
  });
});
