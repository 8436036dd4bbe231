import { describe, expect, it } from 'vitest';
import { type Candidate, placement } from './placement.ts';

const candidate = (over: Partial<Candidate> = {}): Candidate => ({
  id: 'a',
  state: 'open',
  opened: 1_000,
  changed: 1_000,
  shared: 1,
  ...over,
});
const closed = (over: Partial<Candidate>): Candidate => candidate({ state: 'closed', ...over });
const now = 10_000;

const cases: [string, Parameters<typeof placement>, ReturnType<typeof placement>][] = [
  ['nothing like it is known', [undefined, [], 1, now, now], { kind: 'opens' }],
  ['another copy did the same', [undefined, [candidate()], 1, now, now], { kind: 'joins', incident: 'a' }],
  [
    'it shares one of several drifts with an open one',
    [undefined, [candidate({ shared: 1 })], 3, now, now],
    { kind: 'joins', incident: 'a' },
  ],
  [
    'it shares drifts with two open ones: the older has it',
    [undefined, [candidate({ id: 'young', opened: 2_000 }), candidate({ id: 'old' })], 2, now, now],
    { kind: 'joins', incident: 'old' },
  ],
  [
    'it belongs to one that is open, and an older one came to share a drift',
    [candidate({ id: 'own', opened: 2_000 }), [candidate({ id: 'old' })], 2, now, now],
    { kind: 'joins', incident: 'own' },
  ],
  [
    'a false positive comes again',
    [undefined, [closed({ disposition: 'false-positive' })], 1, now, now],
    { kind: 'joins', incident: 'a' },
  ],
  [
    'a false positive comes again with something new beside it',
    [undefined, [closed({ disposition: 'false-positive' })], 2, now, now],
    { kind: 'opens' },
  ],
  [
    'its own incident was closed as a false positive, and it grew',
    [closed({ disposition: 'false-positive' }), [closed({ disposition: 'false-positive' })], 2, now, now],
    { kind: 'opens' },
  ],
  [
    'it was approved, and an agent tells of it before it has the approval',
    [closed({ disposition: 'approved' }), [closed({ disposition: 'approved' })], 1, now, now],
    { kind: 'joins', incident: 'a' },
  ],
  [
    'it was accepted until later',
    [undefined, [closed({ disposition: 'accepted', until: now + 1 })], 1, now, now],
    { kind: 'joins', incident: 'a' },
  ],
  [
    'it was accepted until now',
    [undefined, [closed({ disposition: 'accepted', until: now })], 1, now, now],
    { kind: 'reopens', incident: 'a' },
  ],
  [
    'it was contained, and is told of late',
    [undefined, [closed({ disposition: 'contained', changed: 9_000 })], 1, 8_999, now],
    { kind: 'joins', incident: 'a' },
  ],
  [
    'it was contained, and goes on',
    [undefined, [closed({ disposition: 'contained', changed: 9_000 })], 1, 9_001, now],
    { kind: 'reopens', incident: 'a' },
  ],
  [
    'closed ones know it all: the newest has the word',
    [
      undefined,
      [
        closed({ disposition: 'contained', changed: 2_000 }),
        closed({ id: 'b', opened: 5_000, disposition: 'false-positive' }),
      ],
      1,
      now,
      now,
    ],
    { kind: 'joins', incident: 'b' },
  ],
];

describe('placement of an occurrence', () => {
  it.each(cases)('%s', (_, given, expected) => {
    expect(placement(...given)).toEqual(expected);
  });
});
