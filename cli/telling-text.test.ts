import { expect, it } from 'vitest';
import { Answer } from './answer.ts';
import { tellingTrouble } from './telling-text.ts';

const sink = {
  sink: 'ops',
  state: 'running',
  waiting: 2,
  gathered: 1,
  failingSince: 0,
  author: '',
  reason: '',
};
const told = (value: object) => tellingTrouble(new Answer(value));

it.each<[string, object, readonly string[]]>([
  ['all is well', { audit: { sinks: [] }, notify: { sinks: [sink] } }, []],
  ['a collector of an earlier release', {}, []],
  [
    'the log is another',
    { audit: { mismatch: 'entry 7 is gone\u001b', sinks: [] } },
    [
      'audit      the log is not what it was: entry 7 is gone\\x1b; nothing is signed until whorl audit accept-fork',
    ],
  ],
  [
    'a checkpoint is not taken',
    {
      audit: {
        sinks: [
          { sink: 'file:/kept', failing: true },
          { sink: 'x', failing: false },
        ],
      },
    },
    ['audit      file:/kept does not take checkpoints'],
  ],
  [
    'a sink fails',
    { notify: { sinks: [{ ...sink, failingSince: Date.UTC(2026, 4, 1), lastError: 'it answers 500' }] } },
    ['notify     ops fails since 2026-05-01T00:00:00Z: it answers 500; 3 notices wait'],
  ],
  [
    'a sink is paused',
    { notify: { sinks: [{ ...sink, state: 'paused', author: 'ada', reason: 'CHG-1' }] } },
    ['notify     ops is paused by ada (CHG-1); 3 notices wait'],
  ],
  [
    'a sink is gone',
    { notify: { sinks: [{ ...sink, state: 'gone', reason: 'the receiver answers 410' }] } },
    [
      'notify     ops is told nothing any more: the receiver answers 410; mend it, then whorl notify resume ops',
    ],
  ],
])('status: %s', (_name, status, lines) => {
  expect(told(status)).toEqual(lines);
});
