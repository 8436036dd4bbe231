import { expect, it } from 'vitest';
import { aDrift, anApproval, anIncident } from '../test/fakes/reports.ts';
import type { Drift } from './incident.ts';
import { targetOf } from './target.ts';

const shell: Drift = { ...aDrift, origin: 'image', process: { pid: 1, start: 1 } };
const dropped: Drift = { ...aDrift, origin: 'upper', process: { pid: 2, start: 2 } };
const about = { drifts: [shell, dropped], culprit: shell.process };
const carried = { ...anApproval, maxMode: 'alert', neverLearnableMode: 'kill' } as const;

it.each([
  ['the culprit, where everything was approved', { ...about }, shell.process],
  ['what was dropped, where only the never-learnable is', { ...about, approval: carried }, dropped.process],
  [
    'the culprit, where it is what was dropped',
    { ...about, culprit: dropped.process, approval: carried },
    dropped.process,
  ],
  [
    'the culprit, where it did again what an earlier process did',
    { drifts: [dropped], culprit: { pid: 3, start: 3 }, approval: carried },
    { pid: 3, start: 3 },
  ],
])('a reaction is about %s', (_what, over, target) => {
  expect(targetOf(anIncident(over))).toEqual(target);
});
