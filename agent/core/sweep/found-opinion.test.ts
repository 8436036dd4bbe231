import { describe, expect, it } from 'vitest';
import type { Actor, Behaviour } from '../../../fingerprint/behaviour.ts';
import { behaviourKinds } from '../../../fingerprint/event.ts';
import { indexBehaviour } from '../../../fingerprint/index-behaviour.ts';
import { judge } from '../../../fingerprint/judge.ts';
import { learn } from '../../../fingerprint/learn.ts';
import type { Verdict } from '../../../fingerprint/verdict.ts';
import { observation, workload } from '../../../test/fakes/behaviours.ts';
import type { AttributedAct } from '../attributed.ts';
import { foundOpinion } from './found-opinion.ts';

const sh: Actor = { root: 'entrypoint', lineage: ['/bin/sh'] };
const nginx: Actor = { root: 'entrypoint', lineage: ['/bin/sh', '/usr/sbin/nginx'] };

/** `sh` listens on 80, leaves its mounts and root, starts nginx, which fetches from api.example:443 and draws ports. */
const known: readonly Behaviour[] = [
  { ...sh, kind: 'exec', args: ['sh', '/run.sh'] },
  { ...sh, kind: 'listen', transport: 'tcp', port: 80 },
  { ...sh, kind: 'privilege', privilege: 'chroot', detail: '/srv/jail' },
  { ...nginx, kind: 'exec', args: ['nginx', '-g', 'daemon off;'] },
  { ...nginx, kind: 'listen', transport: 'tcp', port: -1 },
  { ...nginx, kind: 'connect', transport: 'tcp', peer: 'api.example', port: 443 },
];
const baseline = learn(workload.subject, known, { coverage: behaviourKinds, observation });
const granted = {
  ...baseline,
  behaviour: {
    programs: baseline.behaviour.programs.map((p) => ({
      ...p,
      // Only a person may grant these.
      privileges:
        p.exe === '/bin/sh'
          ? [...p.privileges, { privilege: 'unshare', detail: 'clone mnt,pid' } as const]
          : p.privileges,
    })),
  },
};
const index = indexBehaviour(granted);
const approval = { fingerprint: 'x', version: 1, signedBy: 'x', maxMode: 'alert' } as const;

function opinion(
  behaviour: Behaviour,
  about: { assumed?: number; lost?: boolean; learning?: boolean; provisional?: true } = {},
): string {
  const { assumed = 0, lost = false, learning = false, provisional } = about;
  const seen: Verdict = learning ? { kind: 'unjudged', reason: 'no-fingerprint' } : judge(behaviour, index);
  // Of the act only this is looked at.
  const act = { assumed } as AttributedAct;
  const inForce = learning
    ? undefined
    : { index, approval: provisional ? { ...approval, provisional } : approval };
  const verdict = foundOpinion(act, behaviour, seen, { inForce, lost });
  switch (verdict.kind) {
    case 'expected':
      return 'expected';
    case 'drift':
      return verdict.because;
    case 'unjudged':
      return verdict.reason;
  }
}

const connects = (peer: string, port: number): Behaviour => ({
  ...nginx,
  kind: 'connect',
  transport: 'tcp',
  peer,
  port,
  ...(/^[\d.]+$/.test(peer) ? { unnamed: true as const } : {}),
});
const started = (...args: readonly string[]): Behaviour => ({ ...nginx, kind: 'exec', args });
const left = (privilege: 'unshare' | 'chroot', detail: string): Behaviour => ({
  ...nginx,
  kind: 'privilege',
  privilege,
  detail,
});

describe('what is found', () => {
  it.each<[string, Behaviour, string]>([
    ['a known peer', connects('api.example', 443), 'expected'],
    ['another name', connects('evil.example', 443), 'new-peer'],
    ['an address where only names are known', connects('203.0.113.7', 443), 'started-before-agent'],
    ['an address at a port of which no name is known', connects('203.0.113.7', 4444), 'new-peer'],
    ['what may have been let in on a drawn port', connects('203.0.113.7', 50_000), 'started-before-agent'],
    [
      'a listener of the program before it',
      { ...nginx, kind: 'listen', transport: 'tcp', port: 80 },
      'expected',
    ],
    ['a listener of nobody', { ...nginx, kind: 'listen', transport: 'tcp', port: 81 }, 'new-listener'],
    ['the root its starter left', left('chroot', '/srv/jail'), 'expected'],
    ['another root', left('chroot', '/tmp'), 'new-privilege'],
    ['a namespace its starter may leave', left('unshare', 'pid'), 'expected'],
    ['another namespace', left('unshare', 'net'), 'never-learnable'],
    ['arguments as they were', started('nginx', '-g', 'daemon off;'), 'expected'],
    [
      'a title in the place of arguments',
      started('nginx: master process nginx', '', ''),
      'started-before-agent',
    ],
    ['other arguments', started('nginx', '-c', '/tmp/x'), 'new-arguments'],
    ['the title of somebody else', started('postgres: writer'), 'new-arguments'],
    ['code', { ...nginx, kind: 'load', path: '/x.so' }, 'new-file'],
  ])('%s: %s', (_, behaviour, expected) => expect(opinion(behaviour, { assumed: 1 })).toBe(expected));

  it('is not excused by what nobody has looked at, where it is never normal', () => {
    const act = left('unshare', 'pid');
    expect(opinion(act, { provisional: true })).toBe('never-learnable');
    expect(opinion(left('chroot', '/srv/jail'), { provisional: true })).toBe('expected');
  });

  it('is unjudged for lost events where the program itself was seen to start', () => {
    expect(opinion(connects('203.0.113.7', 443), { lost: true })).toBe('events-lost');
  });

  it.each<[string, Behaviour, string]>([
    ['an address', connects('203.0.113.7', 443), 'started-before-agent'],
    ['a drawn port', connects('api.example', 40_000), 'started-before-agent'],
    ['a name', connects('api.example', 443), 'no-fingerprint'],
    ['a listener', { ...nginx, kind: 'listen', transport: 'tcp', port: 81 }, 'no-fingerprint'],
  ])('while it is learned, %s: %s', (_, behaviour, expected) =>
    expect(opinion(behaviour, { learning: true })).toBe(expected),
  );
});
