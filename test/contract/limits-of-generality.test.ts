import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Behaviour, BehaviourOf } from '../../fingerprint/behaviour.ts';
import { behaviourKinds } from '../../fingerprint/event.ts';
import { generalise } from '../../fingerprint/generalise.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { judge } from '../../fingerprint/judge.ts';
import { learn } from '../../fingerprint/learn.ts';

const shop = { root: 'entrypoint', lineage: ['/usr/bin/shop'] } as const;
const exec: Behaviour = { ...shop, kind: 'exec', args: ['shop'], origin: 'image' };
const open = (path: string, over: Partial<BehaviourOf<'open'>> = {}): Behaviour => ({
  ...shop,
  kind: 'open',
  path,
  access: 'read',
  ...over,
});
const names = (form: (word: string) => string): string[] =>
  [...'abcdefghijklmnopqrstuvwxy'].map((letter) => form(`page${letter}`));

interface Limit {
  readonly taught: readonly Behaviour[];
  readonly missed: Behaviour;
  /** What lies next to it and does show. */
  readonly seen: Behaviour;
}

/** Each row stands in docs/limits.md (by generalising): what is the price of a baseline that holds elsewhere. */
const limits: Readonly<Record<string, Limit>> = {
  'another file of the image below a directory that the program reads from': {
    taught: [exec, open('/usr/share/shop/a.css', { origin: 'image' })],
    missed: open('/usr/share/shop/never-served.css', { origin: 'image' }),
    seen: open('/usr/share/shop/server.key', { origin: 'image' }),
  },
  'a new name in a data directory': {
    taught: [exec, ...names((w) => `/data/${w}`).map((path) => open(path, { origin: 'volume' }))],
    missed: open('/data/another', { origin: 'volume' }),
    seen: open('/data/.ssh/id_rsa', { origin: 'volume' }),
  },
  'a new name of the form that all its siblings have': {
    taught: [exec, ...names((w) => `/srv/out/${w}.html`).map((path) => open(path, { access: 'write' }))],
    missed: open('/srv/out/pagez.html', { access: 'write' }),
    seen: open('/srv/out/pagez.php', { access: 'write' }),
  },
  'a word of six letters where a drawn name was learned': {
    taught: [exec, open('/srv/up/part-aB3dE9', { access: 'create' })],
    missed: open('/srv/up/part-script', { access: 'create' }),
    seen: open('/srv/up/part-scripts', { access: 'create' }),
  },
  'settings below /etc that were changed inside the container, once they were read from the image': {
    taught: [exec, open('/etc/shop/shop.conf', { origin: 'image' })],
    missed: open('/etc/shop/shop.conf', { origin: 'upper' }),
    seen: open('/etc/shop/shop.conf', { access: 'write' }),
  },
  'other bytes under a known name on a volume': {
    taught: [exec, { ...shop, kind: 'load', path: '/plugins/tax.so', origin: 'volume' }],
    missed: { ...shop, kind: 'load', path: '/plugins/tax.so', origin: 'volume' },
    seen: { ...shop, kind: 'load', path: '/plugins/tax.so', origin: 'upper' },
  },
  'another machine behind a known name': {
    taught: [exec, { ...shop, kind: 'connect', transport: 'tcp', peer: 'cdn.example.com', port: 443 }],
    missed: { ...shop, kind: 'connect', transport: 'tcp', peer: 'cdn.example.com', port: 443 },
    seen: { ...shop, kind: 'connect', transport: 'tcp', peer: 'cdn.example.com', port: 443, inward: true },
  },
};

describe('what does not show, because it is like what was learned', () => {
  const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');

  it.each(Object.entries(limits))('%s', (name, { taught, missed, seen }) => {
    const about = {
      coverage: behaviourKinds,
      observation: {
        startedAt: '2026-01-01T00:00:00Z',
        finishedAt: '2026-01-02T00:00:00Z',
        source: 'sensor',
        events: 1,
        lost: 0,
        instances: [],
      },
    };
    const subject = { name: 'shop', digest: `sha256:${'5'.repeat(64)}` };
    const index = indexBehaviour(learn(subject, taught, about));
    expect(judge(generalise(missed, {}), index)).toEqual({ kind: 'expected' });
    expect(judge(generalise(seen, {}), index).kind).toBe('drift');
    expect(page, 'its row in docs/limits.md').toContain(name);
  });
});
