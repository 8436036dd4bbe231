import { describe, expect, it } from 'vitest';
import { type KnownEpoch, type Meeting, meet, type Welcomed } from './epoch.ts';

const [e1, e2] = ['1'.repeat(32), '2'.repeat(32)];

describe('what a welcome means', () => {
  it.each<[string, KnownEpoch | undefined, Welcomed, Meeting]>([
    [
      'the first collector of a node is nothing to speak of',
      undefined,
      { epoch: e1, stored: 0, acked: 0 },
      { kind: 'first', known: { epoch: e1, base: 0 } },
    ],
    [
      'the same collector with all that it acknowledged',
      { epoch: e1, base: 0 },
      { epoch: e1, stored: 70, acked: 70 },
      { kind: 'as-before' },
    ],
    [
      'the same collector, which has more than it could say before the stream broke',
      { epoch: e1, base: 0 },
      { epoch: e1, stored: 90, acked: 70 },
      { kind: 'as-before' },
    ],
    [
      'a backup of yesterday lacks what was acknowledged today',
      { epoch: e1, base: 0 },
      { epoch: e2, stored: 40, acked: 70 },
      { kind: 'another', known: { epoch: e2, base: 70 }, lost: 30 },
    ],
    [
      'a backup that lacks nothing has still forgotten what it was told by others',
      { epoch: e1, base: 0 },
      { epoch: e2, stored: 70, acked: 70 },
      { kind: 'another', known: { epoch: e2, base: 70 }, lost: 0 },
    ],
    [
      'what the backup lacks is counted once, however often the stream comes back',
      { epoch: e2, base: 70 },
      { epoch: e2, stored: 40, acked: 70 },
      { kind: 'as-before' },
    ],
    [
      'the same collector with less than it acknowledged is an alarm',
      { epoch: e1, base: 10 },
      { epoch: e1, stored: 40, acked: 70 },
      { kind: 'rolled-back', known: { epoch: e1, base: 70 }, lost: 30 },
    ],
    [
      'an agent that was updated and meets a collector that lacks something',
      undefined,
      { epoch: e1, stored: 40, acked: 70 },
      { kind: 'another', known: { epoch: e1, base: 70 }, lost: 30 },
    ],
    [
      'a collector of a release without epochs',
      { epoch: e1, base: 0 },
      { stored: 40, acked: 70 },
      { kind: 'as-before' },
    ],
  ])('%s', (_name, known, welcomed, meeting) => {
    expect(meet(known, welcomed)).toEqual(meeting);
  });
});
