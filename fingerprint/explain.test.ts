import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aboutAll, arbBehaviour, subject } from '../test/fakes/behaviours.ts';
import type { Behaviour } from './behaviour.ts';
import { describeBaseline, explainBehaviour } from './explain.ts';
import { learn } from './learn.ts';

const app = { root: 'entrypoint', lineage: ['/bin/sh', '/usr/bin/app'] } as const;

describe('explainBehaviour', () => {
  it.each<[Behaviour, string]>([
    [
      { ...app, kind: 'exec', args: ['app'], origin: 'upper' },
      '`/bin/sh` started `/usr/bin/app` (not in the image)',
    ],
    [{ root: 'probe', lineage: ['/bin/true'], kind: 'exec', args: [] }, 'the probe started `/bin/true`'],
    [{ ...app, kind: 'open', path: '/a', access: 'write' }, '`/usr/bin/app`, below sh, wrote `/a`'],
    [
      { ...app, kind: 'connect', transport: 'udp', peer: 'dns.shop', port: 53 },
      '`/usr/bin/app`, below sh, sent to dns.shop:53',
    ],
  ])('%j → %s', (b, sentence) => expect(explainBehaviour(b)).toBe(sentence));
});

describe('describeBaseline', () => {
  it('tells what is known', () => {
    const baseline = learn(
      subject,
      [
        { ...app, kind: 'exec', args: ['app', '-v'], origin: 'image', env: ['NODE_OPTIONS'] },
        { ...app, kind: 'open', path: '/etc/shadow', access: 'read' },
        { ...app, kind: 'open', path: '/a', access: 'read' },
        { ...app, kind: 'rename', path: '/a', to: '/b' },
        { ...app, kind: 'connect', transport: 'tcp', peer: 'db.shop', port: 5432 },
        { ...app, kind: 'listen', transport: 'tcp', port: 8080 },
        { ...app, kind: 'resolve', name: 'db.shop' },
        { ...app, kind: 'privilege', privilege: 'chroot', detail: '/srv' },
      ],
      { ...aboutAll, coverage: ['exec', 'open'] },
    );
    expect(describeBaseline(baseline)).toEqual([
      `registry.example/shop/cart@sha256:${'ab'.repeat(32)}`,
      'learned from 2026-05-01T08:00:00Z to 2026-05-02T08:00:00Z by sensor: 1000 events, 0 lost, 2 instances',
      'judges exec, open; does not judge load, link, delete, rename, connect, listen, resolve, privilege',
      'p0 `/bin/sh`, started by the entrypoint',
      'p1 `/usr/bin/app` from image, started by /bin/sh',
      '  runs `app -v`',
      '  with NODE_OPTIONS set',
      '  read 2 files (1 sensitive): `/etc/shadow`, `/a`',
      '  rename 1 file: `/a` → `/b`',
      '  connects to db.shop:5432 (tcp)',
      '  listens on tcp port 8080',
      '  asks for the name `db.shop`',
      '  may chroot (/srv)',
    ]);
  });

  it('is safe for a terminal, whatever was learned', () => {
    fc.assert(
      fc.property(fc.array(arbBehaviour), (bs) => {
        const lines = [...describeBaseline(learn(subject, bs, aboutAll)), ...bs.map(explainBehaviour)];
        expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
