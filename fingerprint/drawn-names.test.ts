import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import type { Actor, Behaviour } from './behaviour.ts';
import type { Access } from './event.ts';
import { generalise } from './generalise.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import { learn } from './learn.ts';
import { many } from './name-group.ts';

const app: Actor = { root: 'entrypoint', lineage: ['/app'] };
const tool: Actor = { root: 'entrypoint', lineage: ['/app', '/bin/tool'] };
const open = (path: string, access: Access = 'create', actor = app): Behaviour => ({
  ...actor,
  kind: 'open',
  path,
  access,
});
const remove = (path: string): Behaviour => ({ ...app, kind: 'delete', path });
const move = (path: string, to: string): Behaviour => ({ ...app, kind: 'rename', path, to });
const times = (form: (word: string) => string): Behaviour[] =>
  [...'abcdefghijklmnopqrstuvwxyz'].slice(0, many).map((letter) => open(form(`b${letter}`)));

const files = (bs: readonly Behaviour[]): string[] =>
  learn(subject, bs, aboutAll)
    .behaviour.programs.flatMap((p) => p.files)
    .map((f) => [f.access.join('+'), f.path, ...(f.to === undefined ? [] : [f.to])].join(' '));

const verdict = (taught: readonly Behaviour[], b: Behaviour, removed: readonly Behaviour[] = []): string => {
  const stones = removed.length === 0 ? {} : { removed: learn(subject, removed, aboutAll).behaviour };
  const answer = judge(generalise(b, {}), indexBehaviour(learn(subject, taught, { ...aboutAll, ...stones })));
  return answer.kind === 'drift' ? answer.because : answer.kind;
};

const upload = open('/srv/up/part-aB3dE9');

describe('a name that mkstemp drew, where such names were learned', () => {
  it.each<[string, readonly Behaviour[], Behaviour]>([
    ['shows it', [upload], open('/srv/up/part-Xy1zQ2')],
    ['looks like a word', [upload], open('/srv/up/part-Carbon')],
    ['looks like a word in small letters', [upload], open('/srv/up/part-carbon')],
    ['looks like a word with a number', [upload], open('/srv/up/part-carb12')],
    ['is opened for writing', [upload], open('/srv/up/part-Carbon', 'write')],
    ['has an ending', [open('/srv/up/.part.aB3dE9.tmp', 'write')], open('/srv/up/.part.Carbon.tmp', 'write')],
    ['is as long as its stem', [open('/srv/up/upload-aB3dE9')], open('/srv/up/upload-Carbon')],
    ['stands right behind tmp', [open('/srv/up/tmpaB3dE9')], open('/srv/up/tmpCarbon')],
    ['lies in a directory for temporary files', [open('/tmp/part-aB3dE9')], open('/tmp/part-Carbon')],
    ['lies beside words', [upload, open('/srv/up/part-silver')], open('/srv/up/part-Carbon')],
    ['is moved to its place', [move('/srv/a-aB3dE9', '/srv/a')], move('/srv/a-Carbon', '/srv/a')],
    [
      'is moved to another drawn one',
      [move('/srv/a-aB3dE9', '/srv/b-aB3dE9')],
      move('/srv/a-Carbon', '/srv/b-Xy1zQ2'),
    ],
    ['is read below /etc', [open('/etc/app/x.aB3dE9', 'read')], open('/etc/app/x.Carbon', 'read')],
    [
      'belongs to siblings that share a word',
      times((w) => `/srv/up/part-${w}-aB3dE9`),
      open('/srv/up/part-new-Carbon'),
    ],
  ])('is expected when it %s', (_name, taught, b) => expect(verdict(taught, b)).toBe('expected'));

  it.each<[string, readonly Behaviour[], Behaviour, string]>([
    ['a name that is shorter', [upload], open('/srv/up/part-Carbo'), 'new-file'],
    ['a name that is longer', [upload], open('/srv/up/part-Carbons'), 'new-file'],
    ['another character', [upload], open('/srv/up/part-Car~on'), 'new-file'],
    ['a number, which mkstemp as good as never draws', [upload], open('/srv/up/part-123456'), 'new-file'],
    ['a second part', [upload], open('/srv/up/part-Carbon-x'), 'new-file'],
    ['another stem', [upload], open('/srv/up/port-Carbon'), 'new-file'],
    ['another ending', [upload], open('/srv/up/part-Carbon.sh'), 'new-file'],
    ['another directory', [upload], open('/srv/part-Carbon'), 'new-file'],
    ['a directory of that name', [upload], open('/srv/up/part-Carbon/x'), 'new-file'],
    ['a way out', [upload], open('/srv/up/../up/part-Carbon'), 'new-file'],
    ['another access', [upload], open('/srv/up/part-Carbon', 'read'), 'new-file'],
    [
      'another program',
      [upload, open('/x', 'read', tool)],
      open('/srv/up/part-Carbon', 'create', tool),
      'new-file',
    ],
    [
      'words beside which nothing was drawn',
      [open('/srv/up/part-silver')],
      open('/srv/up/part-Carbon'),
      'new-file',
    ],
    [
      'what is loaded',
      [{ ...app, kind: 'load', path: '/srv/x-{rand}' }],
      { ...app, kind: 'load', path: '/srv/x-Carbon' },
      'new-file',
    ],
    [
      'the target of a link',
      [{ ...app, kind: 'link', path: '/srv/l', target: '/srv/x-aB3dE9' }],
      { ...app, kind: 'link', path: '/srv/l', target: '/srv/x-Carbon' },
      'new-access',
    ],
    ['a change below /etc', [open('/etc/app/x.aB3dE9')], open('/etc/app/x.Carbon'), 'new-file'],
    [
      'a sensitive file',
      [open('/srv/up/id.aB3dE9.key'), upload],
      open('/srv/up/id.Carbon.key'),
      'sensitive-file',
    ],
    ['nothing literal before it', [open('/tmp/k3_x9q2a')], open('/tmp/Carbon'), 'new-file'],
    ['a class before it', times((w) => `/srv/up/${w}-aB3dE9`), open('/srv/up/new-Carbon'), 'new-file'],
    [
      'a part drawn by Java',
      [open('/tmp/part13036016427126847078.gz')],
      open('/tmp/partCarbon.gz'),
      'new-file',
    ],
    ['the root', [open('/part-aB3dE9')], open('/part-Carbon'), 'new-file'],
    ['a directory that is drawn', [open('/{num}/part-aB3dE9')], open('/{num}/part-Carbon'), 'new-file'],
    ['nine places', [upload], open(`/srv/up/${'abcdef-'.repeat(8)}Carbon`), 'new-file'],
  ])('%s drifts', (_name, taught, b, because) => expect(verdict(taught, b)).toBe(because));
});

describe('a name that has entries of its own', () => {
  const taught = [
    upload,
    remove('/srv/up/part-aB3dE9'),
    open('/srv/up/part-latest', 'read'),
    move('/srv/up/x', '/srv/up/part-active'),
  ];

  it.each(['/srv/up/part-latest', '/srv/up/part-active'])('is what these say, and not drawn: %s', (path) => {
    expect(verdict(taught, remove('/srv/up/part-Carbon'))).toBe('expected');
    expect(verdict(taught, remove(path))).not.toBe('expected');
    expect(verdict(taught, open(path, 'write'))).not.toBe('expected');
  });
});

describe('a tombstone of a drawn name', () => {
  it('takes back the names whose letters do not show it', () => {
    const taught = [upload, open('/srv/up/part-Carbon'), open('/srv/up/part-silver', 'read')];
    expect(verdict(taught, open('/srv/up/part-Carbon'), [upload])).toBe('new-file');
    expect(verdict(taught, open('/srv/up/part-silver'), [upload])).toBe('new-access');
    const both = [upload, open('/srv/up/part-silver', 'read')];
    expect(verdict(taught, open('/srv/up/part-silver'), both)).toBe('new-file');
  });

  it('of one such name takes back that one', () => {
    const stone = [open('/srv/up/part-Carbon')];
    expect(verdict([upload], open('/srv/up/part-Carbon'), stone)).toBe('new-file');
    expect(verdict([upload], open('/srv/up/part-silver'), stone)).toBe('expected');
  });
});

describe('learning', () => {
  it('keeps a name beside the entry that speaks for it, in any order: it may be evidence for siblings', () => {
    const seen = [upload, open('/srv/up/part-Carbon')];
    expect(files(seen)).toEqual(['create /srv/up/part-Carbon', 'create /srv/up/part-{rand}']);
    expect(files(seen.toReversed())).toEqual(files(seen));
  });
});
