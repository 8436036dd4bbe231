import { describe, expect, it } from 'vitest';
import { aboutAll, observation, subject } from '../test/fakes/behaviours.ts';
import { learn } from './learn.ts';
import { merge } from './merge.ts';

const actor = { root: 'entrypoint', lineage: ['/app'] } as const;
const a = learn(subject, [{ ...actor, kind: 'open', path: '/a', access: 'read' }], aboutAll);
const b = learn(subject, [{ ...actor, kind: 'open', path: '/a', access: 'write' }], {
  coverage: ['open', 'exec'],
  observation: {
    ...observation,
    startedAt: '2026-04-30T00:00:00Z',
    source: 'tracee',
    events: 7,
    lost: 3,
    instances: ['i3'],
  },
});

describe('merge', () => {
  it('knows what both know and covers what both watched', () => {
    const both = merge(a, b);
    expect(both.behaviour.programs[0]?.files).toEqual([{ path: '/a', access: ['read', 'write'] }]);
    expect(both.coverage).toEqual(['exec', 'open']);
    expect(both.observation).toEqual({
      startedAt: '2026-04-30T00:00:00Z',
      finishedAt: '2026-05-02T08:00:00Z',
      source: 'sensor+tracee',
      events: 1000,
      lost: 3,
      instances: ['i1', 'i2', 'i3'],
    });
  });

  it('refuses baselines of different images', () => {
    const other = { ...b, subject: { ...subject, digest: `sha256:${'cd'.repeat(32)}` } };
    expect(() => merge(a, other)).toThrow(expect.objectContaining({ code: 'DIGEST_MISMATCH' }));
    expect(() => merge(a, { ...b, subject: { ...subject, name: 'x' } })).toThrow(
      /only baselines of one image/,
    );
  });

  it('refuses baselines learned by different rules', () => {
    const other = { ...b, rules: { ...b.rules, generaliser: 99 } };
    expect(() => merge(a, other)).toThrow(expect.objectContaining({ code: 'SCHEMA', field: 'rules' }));
  });
});
