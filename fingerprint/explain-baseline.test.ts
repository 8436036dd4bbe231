import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aboutAll, arbBehaviour, subject } from '../test/fakes/behaviours.ts';
import { explainBehaviour } from './explain.ts';
import { describeBaseline } from './explain-baseline.ts';
import type { Baseline } from './fingerprint.ts';
import { unpushedDigest } from './image-ref.ts';
import { learn } from './learn.ts';

const app = { root: 'entrypoint', lineage: ['/bin/sh', '/usr/bin/app'] } as const;
const learned = learn(
  subject,
  [
    { ...app, kind: 'exec', args: ['app', '-v'], origin: 'image', env: ['NODE_OPTIONS'] },
    { ...app, kind: 'open', path: '/etc/shadow', access: 'read' },
    { ...app, kind: 'open', path: '/usr/lib/x', access: 'read', origin: 'image' },
    { ...app, kind: 'open', path: '/srv/a', access: 'write' },
    { ...app, kind: 'open', path: '/srv/a', access: 'create' },
    { ...app, kind: 'open', path: '/srv/b', access: 'write' },
    { ...app, kind: 'open', path: '/srv/b', access: 'create' },
    { ...app, kind: 'load', path: '/usr/lib/m.so', origin: 'image' },
    { ...app, kind: 'rename', path: '/srv/a', to: '/srv/b' },
    { ...app, kind: 'connect', transport: 'tcp', peer: 'db.shop', port: 5432 },
    { ...app, kind: 'connect', transport: 'udp', peer: '203.0.113.7', port: 53 },
    { ...app, kind: 'listen', transport: 'tcp', port: 8080 },
    { ...app, kind: 'resolve', name: 'db.shop' },
    { ...app, kind: 'privilege', privilege: 'chroot', detail: '/srv' },
    { root: 'entrypoint', lineage: ['/bin/sh', '/usr/bin/curl'], kind: 'exec', args: ['curl'] },
  ],
  { ...aboutAll, coverage: ['exec', 'open'] },
);

describe('describeBaseline', () => {
  it('shows no digest of an image that has none yet', () => {
    const [about] = describeBaseline({ ...learned, subject: { ...subject, digest: unpushedDigest } });
    expect(about).toBe(
      `${subject.name}, before it was pushed: whorl sign --image NAME:TAG fills in the digest`,
    );
  });

  it('tells what is known, in words', () => {
    expect(describeBaseline(learned)).toEqual([
      `registry.example/shop/cart@sha256:${'ab'.repeat(32)}`,
      'learned from 2026-05-01T08:00:00Z to 2026-05-02T08:00:00Z by sensor: 1000 events, 0 lost, 2 copies',
      expect.stringMatching(/^written by rules \d+ \(normaliser\)/),
      'judges exec, open; does not judge load, link, delete, rename, connect, listen, resolve, privilege',
      'holds for every copy of the image',
      '',
      '`/bin/sh`, started by the entrypoint',
      '',
      '`/usr/bin/app` from the image, started by `/bin/sh`',
      '  runs `app -v`',
      '  is started with `NODE_OPTIONS` set',
      '  reads `/etc/shadow` (sensitive)',
      '  renames `/srv/a` to `/srv/b`',
      '  reads any file of the image below `/usr`',
      '  creates and writes 2 files: `/srv/a`, `/srv/b`',
      '  loads code from `/usr/lib/m.so`',
      '  connects to `db.shop:5432`',
      '  sends to the address `203.0.113.7:53`, which nothing names',
      '  listens on tcp port 8080',
      '  asks for the name `db.shop`',
      '  changes its root directory (`/srv`)',
      '',
      '`/usr/bin/curl`, started by `/bin/sh`',
      '  runs `curl`',
    ]);
  });

  it('tells whom it holds for, what is left to the site, what was removed and what was not seen', () => {
    const curl = learned.behaviour.programs.find((p) => p.exe === '/usr/bin/curl');
    const site: Baseline = {
      ...learned,
      phases: ['steady'],
      scope: {
        cluster: 'prod',
        namespace: 'shop',
        owner: 'Deployment/cart',
        container: 'cart',
        role: 'main',
      },
      parameters: [{ kind: 'site', name: 'db', what: 'your database' }],
      representativeness: [{ mode: 'backup', expects: [{ do: 'exec', exe: '/usr/bin/pg_dump' }] }],
      observation: {
        ...learned.observation,
        inherited: { from: `sha256:${'cd'.repeat(32)}`, programs: ['entrypoint|/bin/sh|/usr/bin/curl'] },
      },
      removed: { programs: curl === undefined ? [] : [{ ...curl, args: [] }] },
    };
    const lines = describeBaseline(site).join('\n');
    expect(lines).toContain('holds for `prod shop Deployment/cart cart` alone (main)');
    expect(lines).toContain('does not judge the start of a copy');
    expect(lines).toContain('asks the site for `{site:db}`: `your database`');
    expect(lines).toContain('but backup was not seen: /usr/bin/pg_dump did not run');
    expect(lines).toContain('not seen of this image: `entrypoint /bin/sh /usr/bin/curl`');
    expect(lines).toContain('learning does not bring back:\n  all of `curl`, started by `sh`');
  });

  it('is safe for a terminal, whatever was learned', () => {
    fc.assert(
      fc.property(fc.array(arbBehaviour), (bs) => {
        const lines = [...describeBaseline(learn(subject, bs, aboutAll)), ...bs.map(explainBehaviour)];
        expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { seed: 7 },
    );
  });
});
