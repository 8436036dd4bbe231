import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { judge } from '../../fingerprint/judge.ts';
import type { Phase } from '../../fingerprint/phase.ts';
import { shop } from '../../test/fakes/reports.ts';
import { nothingBeforehand } from './baselines.ts';
import type { LearnedNovelty, LearnedWorkload } from './learned.ts';
import { provisionalBaseline, withStarts } from './provisional-baseline.ts';

const nginx = { root: 'entrypoint', lineage: ['/usr/sbin/nginx'] } as const;
const started = { root: 'entrypoint', lineage: ['/entry.sh', '/usr/sbin/nginx'] } as const;
const exec = (actor: typeof nginx | typeof started): Behaviour => ({
  ...actor,
  kind: 'exec',
  args: ['nginx'],
  origin: 'image',
});
const open = (actor: typeof nginx | typeof started, path: string): Behaviour => ({
  ...actor,
  kind: 'open',
  path,
  access: 'read',
});

const learned = (...seen: readonly (readonly [Phase, Behaviour])[]): LearnedWorkload => ({
  workload: shop,
  source: 'sensor',
  schedules: [],
  instances: [
    {
      instance: { id: 'a', node: 'n', startedAt: 1 },
      agent: 'a1',
      state: 'started',
      fromStart: true,
      coverage: ['exec', 'open'],
      since: 1,
      until: 2,
      events: 1,
      lost: 0,
      seen: { start: [], steady: [] },
    },
  ],
  novelties: seen.map(
    ([phase, behaviour], ordinal): LearnedNovelty => ({
      ordinal,
      behaviour,
      phase,
      time: ordinal,
      node: 'n',
      instance: 'a',
    }),
  ),
});
const verdict = (b: Behaviour, by: Baseline) => {
  const v = judge(b, indexBehaviour(by));
  return v.kind === 'drift' ? v.because : v.kind;
};

const found = learned(['steady', exec(nginx)], ['steady', open(nginx, '/srv/a')]);
const daily = provisionalBaseline(found, nothingBeforehand, ['steady']);
const signed = { ...daily, stream: 'learned/x', version: 1, issuedAt: '2026-01-01T00:00:00Z' };

describe('provisionalBaseline', () => {
  it('is about one scope, and says which phases it judges', () => {
    expect(daily).toMatchObject({
      phases: ['steady'],
      scope: { owner: shop.owner, namespace: shop.namespace },
    });
    expect(provisionalBaseline(found, nothingBeforehand, ['start', 'steady']).phases).toBeUndefined();
  });
});

describe('withStarts', () => {
  const later = learned(
    ['start', exec(started)],
    ['start', open(started, '/entry.d/x')],
    ['steady', open(started, '/srv/a')],
    // Drift, told by a node that does not judge.
    ['steady', open(started, '/etc/shadow-copy')],
    ['steady', open(nginx, '/srv/new')],
  );
  const both = withStarts(signed, later, nothingBeforehand);

  it('adds start-ups, and the same daily work where it really happens', () => {
    expect(both.phases).toBeUndefined();
    for (const b of [exec(nginx), exec(started), open(started, '/entry.d/x'), open(started, '/srv/a')])
      expect(verdict(b, both)).toBe('expected');
  });

  it('learns nothing by the back door that was drift meanwhile', () => {
    expect(verdict(open(started, '/etc/shadow-copy'), both)).toBe('new-file');
    expect(verdict(open(nginx, '/srv/new'), both)).toBe('new-file');
  });
});
