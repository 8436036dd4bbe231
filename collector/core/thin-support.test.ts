import { describe, expect, it } from 'vitest';
import { aBehaviour, shop } from '../../test/fakes/reports.ts';
import type { LearnedInstance, LearnedNovelty, LearnedWorkload } from './learned.ts';
import { thinSupport } from './thin-support.ts';

const copy = (node: string, id: string, seen: readonly number[]): LearnedInstance => ({
  instance: { id, node, startedAt: 1 },
  agent: `agent-${node}`,
  state: 'started',
  fromStart: true,
  coverage: ['open'],
  since: 1,
  until: 2,
  events: 1,
  lost: 0,
  seen: { start: [], steady: seen },
});
const novelty = (ordinal: number, over: Partial<LearnedNovelty> = {}): LearnedNovelty => ({
  ordinal,
  behaviour: aBehaviour(`/data/${ordinal}`),
  time: 1,
  node: 'n1',
  instance: 'a',
  phase: 'steady',
  ...over,
});
const learned = (
  instances: readonly LearnedInstance[],
  novelties: readonly LearnedNovelty[] = [novelty(0), novelty(1)],
): LearnedWorkload => ({ workload: shop, source: 'sensor', schedules: [], novelties, instances });
const only = (l: LearnedWorkload) =>
  thinSupport(l).map((t) => `${t.behaviour.kind} ${t.only} ${t.node} of ${t.of}`);

describe('support that is thin', () => {
  it.each<[string, LearnedWorkload, string[]]>([
    ['seen everywhere', learned([copy('n1', 'a', [0, 1]), copy('n2', 'b', [0, 1])]), []],
    [
      'seen by every copy of one node and by nobody else',
      learned([copy('n1', 'a', [0, 1]), copy('n1', 'c', [0, 1]), copy('n2', 'b', [0])]),
      ['open node n1 of 2'],
    ],
    [
      'seen by one copy where all run on one node',
      learned([copy('n1', 'a', [0, 1]), copy('n1', 'c', [0])]),
      ['open copy n1 of 2'],
    ],
    ['a single copy has nobody to be compared with', learned([copy('n1', 'a', [0, 1])]), []],
    [
      'claimed without any copy that supports it',
      learned([copy('n1', 'a', [0]), copy('n2', 'b', [0])], [novelty(0), novelty(1, { node: 'n2' })]),
      ['open node n2 of 2'],
    ],
    [
      'what is never learned needs no mark',
      learned(
        [copy('n1', 'a', [0]), copy('n2', 'b', [])],
        [
          novelty(0, {
            behaviour: {
              root: 'entrypoint',
              lineage: ['/usr/bin/shop'],
              kind: 'privilege',
              privilege: 'setns',
            },
          }),
        ],
      ),
      [],
    ],
  ])('%s', (_, given, expected) => {
    expect(only(given)).toEqual(expected);
  });
});
