import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indexBehaviour } from '../../../fingerprint/index-behaviour.ts';
import { learn } from '../../../fingerprint/learn.ts';
import { cutUp, type Played, playBothWays } from '../../../test/fakes/both-ways.ts';
import { story } from '../../../test/fakes/sensor-stage.ts';
import { workload } from '../../../test/fakes/short-cut-rig.ts';
import { TraceeStage } from '../../../test/fakes/tracee-stage.ts';
import { createTraceeNormaliser } from '../normalise/tracee/tracee.ts';
import type { InForce } from '../watched.ts';

function fingerprint(names: readonly string[], id: string): InForce {
  const node = { root: 'entrypoint', lineage: ['/srv/a'] } as const;
  const shell = { root: 'entrypoint', lineage: ['/srv/a', '/srv/b'] } as const;
  const observation = {
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T01:00:00Z',
    source: 'tracee',
    events: 1,
    lost: 0,
    instances: [],
  };
  const behaviours = [
    { ...node, kind: 'exec', args: ['/srv/a'] },
    { ...shell, kind: 'exec', args: ['/srv/b'] },
    { ...node, kind: 'connect', transport: 'tcp', peer: 'localhost', port: 80 },
    ...[node, shell].flatMap((actor) =>
      names.map((n) => ({ ...actor, kind: 'open', path: `/srv/${n}`, access: 'read' }) as const),
    ),
  ] as const;
  const coverage = ['exec', 'open', 'load', 'delete', 'connect'] as const;
  return {
    index: indexBehaviour(learn(workload.subject, behaviours, { coverage, observation })),
    approval: { fingerprint: id, version: 1, signedBy: 'p', maxMode: 'kill' },
  };
}

it('tells and counts the same of any story told by Tracee, at a look or not', () => {
  const choices = [undefined, fingerprint(['a', 'b', 'c'], 'sha256:1'), fingerprint(['b', 'd'], 'sha256:2')];
  let answered = 0;
  fc.assert(
    fc.property(story, (chunks) => {
      const stage = new TraceeStage();
      const played: Played[] = [{ type: 'connected', version: 'v0.24.1' }];
      for (const { steps, judge } of chunks) {
        for (const step of steps) stage.play(step);
        played.push({ judgeBy: choices[judge] }, ...cutUp(stage.take()));
      }
      answered += playBothWays(() => createTraceeNormaliser(stage.view), played);
    }),
    { numRuns: 40, seed: 5 },
  );
  // Else the property would hold for want of anything to compare.
  expect(answered).toBeGreaterThan(200);
}, 120_000);
