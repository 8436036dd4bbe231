import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indexBehaviour } from '../../../fingerprint/index-behaviour.ts';
import { learn } from '../../../fingerprint/learn.ts';
import { fakeNodeView } from '../../../test/fakes/node-views.ts';
import { Rig, workload } from '../../../test/fakes/short-cut-rig.ts';
import { encodeResponse, framed } from '../../../test/fakes/tetragon-messages.ts';
import { containerId, stageStory, TetragonStage } from '../../../test/fakes/tetragon-stage.ts';
import { createTetragonNormaliser, tetragonCoverage } from '../normalise/tetragon/tetragon.ts';
import type { InForce } from '../watched.ts';

function fingerprintOf(names: readonly string[], id: string): InForce {
  const actor = { root: 'entrypoint', lineage: ['/srv/a'] } as const;
  const below = { root: 'entrypoint', lineage: ['/srv/a', '/srv/b'] } as const;
  const observation = {
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T01:00:00Z',
    source: 'tetragon',
    events: 1,
    lost: 0,
    instances: [],
  };
  const behaviours = [actor, below].flatMap((who) => [
    { ...who, kind: 'exec', args: [who === actor ? 'a' : 'b', 'x', 'y z'] } as const,
    { ...who, kind: 'connect', transport: 'tcp', peer: '10.0.0.7', port: 1097 } as const,
    ...names.flatMap((n) => [
      { ...who, kind: 'open', path: `/srv/${n}`, access: 'read' } as const,
      { ...who, kind: 'load', path: `/srv/${n}` } as const,
    ]),
  ]);
  const baseline = learn(workload.subject, behaviours, { coverage: tetragonCoverage, observation });
  return {
    index: indexBehaviour(baseline),
    approval: { fingerprint: id, version: 1, signedBy: 'p', maxMode: 'kill' },
  };
}

function rig(withShortCut: boolean): Rig {
  const places = new Map([[containerId, { id: 77, path: `/kubepods/cri-containerd-${containerId}.scope` }]]);
  const view = fakeNodeView({ places });
  return new Rig(
    withShortCut,
    createTetragonNormaliser(view, { policies: () => ['whorl-files', 'whorl-code', 'whorl-network'] }),
  );
}

it('tells and counts the same at a glance and the long way, whatever Tetragon tells', () => {
  const choices = [
    undefined,
    fingerprintOf(['a', 'b', 'c'], 'sha256:1'),
    fingerprintOf(['c', 'd'], 'sha256:2'),
  ];
  let answered = 0;
  fc.assert(
    fc.property(stageStory, (chunks) => {
      const [short, long] = [rig(true), rig(false)];
      const stage = new TetragonStage();
      for (const { steps, judge } of chunks) {
        for (const step of steps) stage.play(step);
        const chunk = stage.take();
        for (const each of [short, long]) {
          each.judgeBy(choices[judge]);
          each.read(chunk);
        }
      }
      const [a, b] = [short.finish(), long.finish()];
      expect(a.told).toEqual(b.told);
      expect(a.counters).toEqual(b.counters);
      answered += a.answered;
    }),
    { numRuns: 60, seed: 20_260_502 },
  );
  // Else the property would hold for want of anything to compare.
  expect(answered).toBeGreaterThan(500);
}, 60_000);

const folder = new URL('../../../bpf-fixtures/tetragon/', import.meta.url);

it.each(readdirSync(folder).filter((name) => name !== 'README.md'))(
  'tells and counts the same of what was recorded: %s',
  (name) => {
    const lines = readFileSync(new URL(`${name}/export.jsonl`, folder), 'utf8')
      .trimEnd()
      .split('\n');
    const events = lines.map((line) => JSON.parse(line) as object);
    const ids = new Set(
      lines.flatMap((line) => [...line.matchAll(/:\/\/([0-9a-f]{64})"/g)].map(([, id = '']) => id)),
    );
    const places = new Map(
      [...ids].map((id, i) => [id, { id: 100 + i, path: `/pods/cri-containerd-${id}.scope` }]),
    );
    const view = fakeNodeView({ places });
    const [short, long] = [true, false].map(
      (isShort) => new Rig(isShort, createTetragonNormaliser(view, { policies: () => ['whorl-files'] })),
    ) as [Rig, Rig];
    const lives = events.filter(
      (event) => !('process_exit' in event) && !/"\/srv\/run.sh/.test(JSON.stringify(event)),
    );
    const chunk = framed(...lives.map(encodeResponse));
    for (const rig of [short, long]) for (let i = 0; i < 4; i++) rig.read(chunk);
    const [a, b] = [short.finish(), long.finish()];
    expect(a.told).toEqual(b.told);
    expect(a.counters).toEqual(b.counters);
    // Only of the made ones is anything of our policies.
    expect(a.answered > 0).toBe(name === 'hooks');
  },
);
