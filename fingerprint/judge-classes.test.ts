import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import type { Actor, Behaviour } from './behaviour.ts';
import type { Bindings } from './bindings.ts';
import type { Baseline, FileEntry, NetworkEntry } from './fingerprint.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import { learn } from './learn.ts';

const app: Actor = { root: 'entrypoint', lineage: ['/app'] };
const start: Behaviour = { ...app, kind: 'exec', args: ['app'], origin: 'image' };
const open = (path: string, more: object = {}): Behaviour => ({
  ...app,
  kind: 'open',
  path,
  access: 'read',
  ...more,
});
const image = { origin: 'image' } as const;

function asked(baseline: Baseline, b: Behaviour, bindings?: Bindings): string {
  const verdict = judge(b, indexBehaviour(baseline, bindings));
  return verdict.kind === 'drift' ? verdict.because : verdict.kind;
}

describe('reads of image files', () => {
  const learned = learn(
    subject,
    [
      start,
      open('/usr/share/a', image),
      open('/usr/lib/b/c', image),
      open('/etc/shadow', image),
      open('/start.conf', image),
      open('/opt/x', { origin: 'image', access: 'write' }),
    ],
    aboutAll,
  );

  it('are learned as one entry per top directory, sensitive files and those in / by name', () => {
    expect(learned.behaviour.programs[0]?.files.map((f) => [f.path, ...f.access])).toEqual([
      ['/etc/shadow', 'read'],
      ['/opt/x', 'write'],
      ['/start.conf', 'read'],
      ['/usr/{image}', 'read'],
    ]);
  });

  it.each<[string, Behaviour, string]>([
    ['another file of the image there', open('/usr/share/never/seen', image), 'expected'],
    ['the same from a source that cannot tell layers', open('/usr/share/never/seen'), 'expected'],
    ['a file written there since', open('/usr/share/a', { origin: 'upper' }), 'new-file'],
    ['a file of a volume there', open('/usr/share/a', { origin: 'volume' }), 'new-file'],
    ['a file on tmpfs there', open('/usr/share/a', { origin: 'scratch' }), 'new-file'],
    ['a file carried there', open('/usr/share/a', { origin: 'carried' }), 'new-file'],
    ['another top directory', open('/srv/a', image), 'new-file'],
    ['the name of a library that was asked for', open('/lib/x86_64-linux-gnu/libz.so.1', image), 'expected'],
    ['such a name in the upper layer', open('/lib/libz.so.1', { origin: 'upper' }), 'new-file'],
    ['a sensitive file there', open('/usr/app/server.key', image), 'sensitive-file'],
    ['a sensitive one that was seen', open('/etc/shadow', image), 'expected'],
    ['another directory by a sensitive entry', open('/etc/passwd', image), 'new-file'],
    ['mapping what was read', open('/usr/share/a', { origin: 'image', access: 'map' }), 'new-file'],
    ['writing what was read', open('/usr/share/a', { origin: 'image', access: 'write' }), 'new-file'],
    ['a file called like the class', open('/usr/{image}', { origin: 'upper' }), 'new-file'],
    ['a way out of the directory', open('/usr/../srv/a', image), 'new-file'],
    ['a name that was cut', open('/usr/share/aaaa…', image), 'new-file'],
  ])('%s', (_name, b, answer) => expect(asked(learned, b)).toBe(answer));

  it('leaves a file called like a class out of learning', () => {
    expect(learn(subject, [open('/usr/{image}')], aboutAll).behaviour.programs).toEqual([]);
  });
});

describe('public names that answer from inside', () => {
  const connect = (more: object = {}): Behaviour => ({
    ...app,
    kind: 'connect',
    transport: 'tcp',
    peer: 'api.example',
    port: 443,
    ...more,
  });
  const inward = { inward: true } as const;
  const plain = learn(subject, [start, connect()], aboutAll);
  const both = learn(subject, [start, connect(inward), connect()], aboutAll);

  it.each<[string, Baseline, Behaviour, string]>([
    ['a known name that never did', plain, connect(inward), 'rebinding'],
    ['an unknown name', plain, connect({ ...inward, peer: 'x.example' }), 'rebinding'],
    ['a known name that did', both, connect(inward), 'expected'],
    ['the same from outside', both, connect(), 'expected'],
  ])('%s', (_name, baseline, b, answer) => expect(asked(baseline, b)).toBe(answer));

  it('are one entry with what is seen from outside', () => {
    expect(both.behaviour.programs[0]?.network).toEqual([
      { do: 'connect', transport: 'tcp', peer: 'api.example', port: 443, inward: true },
    ]);
  });
});

describe('public names whose answer points inside', () => {
  const ask: Behaviour = { ...app, kind: 'resolve', name: 'api.example' };
  const inward: Behaviour = { ...ask, inward: true };
  const plain = learn(subject, [start, ask], aboutAll);
  const both = learn(subject, [start, inward, ask], aboutAll);

  it.each<[string, Baseline, Behaviour, string]>([
    ['a known name that never did', plain, inward, 'rebinding'],
    ['an unknown name', plain, { ...inward, name: 'x.example' }, 'rebinding'],
    ['a known name that did', both, inward, 'expected'],
    ['the question itself', both, ask, 'expected'],
  ])('%s', (_name, baseline, b, answer) => expect(asked(baseline, b)).toBe(answer));

  it('are one entry with the question', () => {
    expect(both.behaviour.programs[0]?.network).toEqual([
      { do: 'resolve', name: 'api.example', inward: true },
    ]);
  });
});

describe('site parameters', () => {
  const learned = learn(subject, [start], aboutAll);
  const withEntries = (files: FileEntry[], network: NetworkEntry[]): Baseline => ({
    ...learned,
    behaviour: { programs: learned.behaviour.programs.map((p) => ({ ...p, files, network })) },
  });
  const baseline = withEntries(
    [
      { path: '{volume:data}/app.conf', access: ['read'] },
      { path: '{volume:data}/store/**', access: ['read', 'write'] },
    ],
    [
      { do: 'connect', transport: 'tcp', peer: '{site:database}', port: 5432 },
      { do: 'resolve', name: '{site:database}' },
    ],
  );
  const bindings: Bindings = {
    sites: new Map([['database', [{ peer: 'db.shop' }, { peer: '10.0.0.9', port: 6432 }]]]),
    volumes: new Map([['data', ['/srv/data', '/mnt/old']]]),
  };
  const connect = (peer: string, port: number): Behaviour => ({
    ...app,
    kind: 'connect',
    transport: 'tcp',
    peer,
    port,
  });

  const bound: Behaviour = { ...app, kind: 'resolve', name: 'db.shop', inward: true };

  it.each<[string, Behaviour, string]>([
    ['a bound peer', connect('db.shop', 5432), 'expected'],
    ['a bound peer on its own port', connect('10.0.0.9', 6432), 'expected'],
    ['a bound peer on another port', connect('10.0.0.9', 5432), 'new-peer'],
    ['another peer', connect('x.example', 5432), 'new-peer'],
    ['the parameter itself as a name', connect('{site:database}', 5432), 'new-peer'],
    ['a bound name', { ...app, kind: 'resolve', name: 'db.shop' }, 'expected'],
    ["a bound name that answers an address inside: it is the site's own", bound, 'expected'],
    ['a file of a bound directory', open('/srv/data/app.conf'), 'expected'],
    ['the same in the other one', open('/mnt/old/app.conf'), 'expected'],
    ['another file there', open('/srv/data/x'), 'new-file'],
    ['any depth below', open('/srv/data/store/a/b/c', { access: 'write' }), 'expected'],
    ['making a file below', open('/srv/data/store/a', { access: 'create' }), 'expected'],
    ['another access below', open('/srv/data/store/a', { access: 'map' }), 'new-file'],
    ['the directory itself', open('/srv/data/store'), 'new-file'],
    ['a sensitive file below', open('/srv/data/store/tls.key'), 'sensitive-file'],
    ['a way out', open('/srv/data/store/../../x'), 'new-file'],
    ['loading from below', { ...app, kind: 'load', path: '/srv/data/store/x.so' }, 'new-file'],
  ])('%s', (_name, b, answer) => expect(asked(baseline, b, bindings)).toBe(answer));

  it.each([connect('db.shop', 5432), open('/srv/data/app.conf'), open('{volume:data}/app.conf')])(
    'accept nothing while they are not bound: %j',
    (b) => expect(asked(baseline, b)).not.toBe('expected'),
  );
});
