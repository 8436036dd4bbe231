import { readFileSync } from 'node:fs';
import type { Baseline, FileEntry, Program } from '../../fingerprint/fingerprint.ts';

/** An image whose packages are in test/fixtures/sbom, and what its copies were seen doing. */
export const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../fixtures/sbom/${name}`, import.meta.url));

const load = (path: string): FileEntry => ({ path, access: ['load'], origin: 'image' });

function program(id: string, exe: string, more: Partial<Program> = {}): Program {
  return {
    id,
    root: 'entrypoint',
    parents: ['#entrypoint'],
    exe,
    origins: ['image'],
    args: [[exe]],
    env: [],
    files: [],
    network: [],
    privileges: [],
    ...more,
  };
}

const libraries = '/usr/lib/x86_64-linux-gnu';

/** nginx with its libraries, a shell, a Go program, and two things that nobody delivers. */
export const packagedPrograms: readonly Program[] = [
  program('p0', '/app/server'),
  program('p1', '/usr/bin/dash', { args: [['/bin/sh', '/app/start.sh']], files: [load('/app/start.sh')] }),
  program('p2', '/usr/bin/odd'),
  program('p3', '/usr/sbin/nginx', {
    files: [
      { path: '/etc/nginx/nginx.conf', access: ['read'] },
      { path: '/usr/{image}', access: ['read'] },
      load(`${libraries}/libc.so.6`),
      load(`${libraries}/libodd.so.1`),
      load(`${libraries}/libssl.so.3`),
      load(`${libraries}/libz.so.1.2.13`),
    ],
  }),
];

export const packaged: Baseline = {
  format: 'whorl-baseline/v1',
  subject: { name: 'registry.example/shop/cart', digest: `sha256:${'ab'.repeat(32)}` },
  rules: { normaliser: 2, generaliser: 2, sensitive: 1 },
  coverage: ['connect', 'exec', 'load', 'open', 'resolve'],
  behaviour: { programs: packagedPrograms },
  observation: {
    startedAt: '2026-05-01T08:00:00Z',
    finishedAt: '2026-05-02T08:00:00Z',
    source: 'sensor',
    events: 90_311,
    lost: 0,
    instances: ['0a', '0b', '0c'],
  },
};

/** The same with other programs. */
export function packagedWith(...programs: readonly Partial<Program>[]): Baseline {
  const all = programs.map((p, i) => program(`p${i}`, p.exe ?? '/x', p));
  return { ...packaged, behaviour: { programs: all } };
}
