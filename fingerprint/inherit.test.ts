import { describe, expect, it } from 'vitest';
import { aboutAll, observation, subject } from '../test/fakes/behaviours.ts';
import type { Behaviour } from './behaviour.ts';
import type { Baseline } from './fingerprint.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { inherit, withInherited } from './inherit.ts';
import { judge } from './judge.ts';
import { learn } from './learn.ts';

const cron = { root: 'entrypoint', lineage: ['/usr/sbin/cron'] } as const;
const job = { root: 'entrypoint', lineage: ['/usr/sbin/cron', '/bin/sh', '/usr/bin/report'] } as const;
const ran: Behaviour = { ...job, kind: 'exec', args: ['report', '--monthly'], origin: 'image' };
const started: Behaviour = { ...cron, kind: 'exec', args: ['cron'], origin: 'image' };
const read: Behaviour = { ...job, kind: 'open', path: '/data/sales', access: 'read' };
const sent: Behaviour = { ...job, kind: 'connect', transport: 'tcp', peer: 'mail.example', port: 25 };
const shellRan: Behaviour = {
  root: 'entrypoint',
  lineage: job.lineage.slice(0, 2),
  kind: 'exec',
  args: ['sh', '-c', 'report'],
};

const newer = { ...subject, digest: `sha256:${'cd'.repeat(32)}` };
const previous = learn(subject, [started, shellRan, ran, read, sent], aboutAll);
const verdict = (b: Behaviour, of: Baseline) => {
  const v = judge(b, indexBehaviour(of));
  return v.kind === 'drift' ? v.because : v.kind;
};

describe('inherit', () => {
  it('takes over programs, arguments and lineage, and nothing of what they did', () => {
    const taken = inherit(previous, newer);
    expect([ran, shellRan, read, sent].map((b) => verdict(b, taken))).toEqual([
      'expected',
      'expected',
      'new-file',
      'first-egress',
    ]);
    expect(taken.subject).toEqual(newer);
    expect(taken.observation.inherited).toEqual({
      from: subject.digest,
      programs: [
        'entrypoint|/bin/sh|/usr/bin/report',
        'entrypoint|/usr/sbin/cron|/bin/sh',
        'entrypoint||/usr/sbin/cron',
      ],
    });
  });

  it('does not bring back what a person removed, and hands the removal on', () => {
    const removed = { programs: previous.behaviour.programs.filter((p) => p.exe === '/usr/bin/report') };
    const stones = { programs: removed.programs.map((p) => ({ ...p, parents: [] })) };
    const taken = inherit({ ...previous, removed: stones }, newer);
    expect(verdict(ran, taken)).toBe('foreign-origin');
    expect(taken.removed).toEqual(stones);
    const again = withInherited(learn(newer, [started, ran], aboutAll), { ...previous, removed: stones });
    expect(verdict(ran, again)).toBe('foreign-origin');
  });
});

describe('withInherited', () => {
  const learned = learn(newer, [started], { ...aboutAll, coverage: ['exec', 'open'], phases: ['steady'] });
  const both = withInherited(learned, previous);

  it('knows what runs rarely before it has run, and says that it was not seen', () => {
    expect([verdict(ran, both), verdict(started, both)]).toEqual(['expected', 'expected']);
    expect(both.observation.inherited?.programs).toEqual([
      'entrypoint|/bin/sh|/usr/bin/report',
      'entrypoint|/usr/sbin/cron|/bin/sh',
    ]);
  });

  it('tells of the watching of the new digest alone', () => {
    expect(both).toMatchObject({ subject: newer, coverage: ['exec', 'open'], phases: ['steady'] });
    expect({ ...both.observation, inherited: undefined }).toEqual({ ...observation, inherited: undefined });
  });

  it('takes nothing from a baseline of other rules', () => {
    const old = { ...previous, rules: { ...previous.rules, generaliser: 999 } };
    expect(withInherited(learned, old)).toBe(learned);
  });
});
