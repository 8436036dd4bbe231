import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indexBehaviour } from '../../../fingerprint/index-behaviour.ts';
import { learn } from '../../../fingerprint/learn.ts';
import { Stage, story } from '../../../test/fakes/sensor-stage.ts';
import { Rig, workload } from '../../../test/fakes/short-cut-rig.ts';
import type { InForce } from '../watched.ts';

function fingerprints(): readonly (InForce | undefined)[] {
  const node = { root: 'entrypoint', lineage: ['/srv/a'] } as const;
  const shell = { root: 'entrypoint', lineage: ['/srv/a', '/srv/b'] } as const;
  const python = { root: 'entrypoint', lineage: ['/srv/a', '/usr/bin/python3'] } as const;
  const coverage = ['exec', 'open', 'load', 'delete', 'connect'] as const;
  const observation = {
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T01:00:00Z',
    source: 'sensor',
    events: 1,
    lost: 0,
    instances: [],
  };
  const of = (names: readonly string[], id: string): InForce => ({
    index: indexBehaviour(
      learn(
        workload.subject,
        [
          { ...node, kind: 'exec', args: ['/srv/a'], origin: 'image' },
          { ...shell, kind: 'exec', args: ['/srv/b'], origin: 'image' },
          { ...node, kind: 'connect', transport: 'tcp', peer: 'localhost', port: 0 },
          { ...python, kind: 'exec', args: ['/usr/bin/python3', '/srv/d'], origin: 'image' },
          { ...python, kind: 'exec', args: ['/usr/bin/python3', '-'], origin: 'image' },
          ...[node, shell, python].flatMap((actor) =>
            names.map((n) => ({ ...actor, kind: 'open', path: `/srv/${n}`, access: 'read' }) as const),
          ),
        ],
        { coverage, observation },
      ),
    ),
    approval: { fingerprint: id, version: 1, signedBy: 'p', maxMode: 'kill' },
  });
  return [undefined, of(['a', 'b', 'c'], 'sha256:1'), of(['b', 'c', 'd', 'e'], 'sha256:2')];
}

it('tells and counts the same with and without the short cut, whatever happens in between', () => {
  const choices = fingerprints();
  let answered = 0;
  fc.assert(
    fc.property(story, (chunks) => {
      const [short, long] = [new Rig(true), new Rig(false)];
      const stage = new Stage();
      for (const { steps, judge } of chunks) {
        for (const step of steps) stage.play(step);
        const chunk = stage.take();
        for (const rig of [short, long]) {
          rig.judgeBy(choices[judge]);
          rig.read(chunk);
        }
      }
      const [a, b] = [short.finish(), long.finish()];
      expect(a.told).toEqual(b.told);
      expect(a.counters).toEqual(b.counters);
      answered += a.answered;
    }),
    { numRuns: 60 },
  );
  // Else the property would hold for want of anything to compare.
  expect(answered).toBeGreaterThan(200);
}, 60_000);
