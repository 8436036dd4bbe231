import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import type { Actor, Behaviour, BehaviourOf } from './behaviour.ts';
import { condense } from './condense.ts';
import type { BehaviourSet } from './fingerprint.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import { learn, learnReport } from './learn.ts';
import { many } from './name-group.ts';

const app: Actor = { root: 'entrypoint', lineage: ['/app'] };
const tool: Actor = { root: 'entrypoint', lineage: ['/app', '/bin/tool'] };
type Open = Omit<BehaviourOf<'open'>, 'kind' | 'path' | 'root' | 'lineage'>;
const open = (path: string, { access, ...more }: Open = { access: 'write' }, actor = app): Behaviour => ({
  ...actor,
  kind: 'open',
  path,
  access,
  ...more,
});
/** Words that look like nothing, so that no row of the generaliser takes them. */
const word = (i: number): string =>
  `${'bcdfg'.charAt(i % 5)}${'aeiou'.charAt(Math.floor(i / 5) % 5)}${'mnp'.charAt(i % 3)}`;
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

const files = (bs: readonly Behaviour[]): string[] =>
  learn(subject, bs, aboutAll)
    .behaviour.programs.flatMap((p) => p.files)
    .map((f) =>
      [f.access.join('+'), f.path, ...(f.to === undefined ? [] : [f.to]), f.origin ?? ''].join(' ').trim(),
    );

describe('siblings', () => {
  it.each<[string, (i: number) => string, string]>([
    ['words with an extension', (i) => `/srv/out/${word(i)}.png`, '/srv/out/{letters}.png'],
    ['what all share stays', (i) => `/srv/out/icon-${word(i)}.png`, '/srv/out/icon-{letters}.png'],
    ['short numbers', (i) => `/srv/out/shard-${i}`, '/srv/out/shard-{digits}'],
    ['letters and digits', (i) => `/srv/out/a${i}b.dat`, '/srv/out/{alnum}.dat'],
    [
      'several parts',
      (i) => `/srv/out/${word(i)}_v${i % 3}_final.csv`,
      '/srv/out/{letters}_{alnum}_final.csv',
    ],
    [
      'placeholders of the generaliser',
      (i) => `/srv/out/${word(i)}-123456.log`,
      '/srv/out/{letters}-{num}.log',
    ],
  ])('%s', (_name, name, pattern) => {
    expect(files(times(many, (i) => open(name(i))))).toEqual([`write ${pattern}`]);
    expect(files(times(many - 1, (i) => open(name(i))))).toHaveLength(many - 1);
  });

  it.each<[string, (i: number) => Behaviour]>([
    ['bare words', (i) => open(`/srv/out/${word(i)}`)],
    ['names of different build', (i) => open(`/srv/out/${word(i)}${'.x'.repeat(i + 1)}`)],
    ['names in different directories', (i) => open(`/srv/${word(i)}/out.png`)],
    ['changes below /usr', (i) => open(`/usr/lib/app/${word(i)}.conf`)],
    ['changes below /etc', (i) => open(`/etc/app/${word(i)}.conf`)],
    ['sensitive files', (i) => open(`/srv/tls/${word(i)}.key`)],
    ['names that were cut', (i) => open(`/srv/out/x-${word(i)}…`)],
    ['what is loaded', (i) => ({ ...app, kind: 'load', path: `/srv/lib/${word(i)}.so` })],
    [
      'what links point to',
      (i) => ({ ...app, kind: 'link', path: '/srv/x', target: `/srv/out/${word(i)}.png` }),
    ],
    ['files in the root', (i) => open(`/${word(i)}.png`)],
    ['directories that are drawn', (i) => open(`/{num}/${word(i)}.png`)],
  ])('%s stay as they are', (_name, of) => expect(files(times(many + 5, of))).toHaveLength(many + 5));

  it('of a rename are both names at once', () => {
    const renames = times(
      many,
      (i): Behaviour => ({
        ...app,
        kind: 'rename',
        path: `/srv/out/tmp-${word(i)}.part`,
        to: `/srv/out/${word(i)}.png`,
      }),
    );
    expect(files(renames)).toEqual(['rename /srv/out/tmp-{letters}.part /srv/out/{letters}.png']);
  });

  it('are told apart by what is done to them', () => {
    const seen = [
      ...times(many, (i) => open(`/srv/out/${word(i)}.png`)),
      open('/srv/out/x.png', { access: 'read' }),
    ];
    expect(files(seen)).toEqual(['read /srv/out/x.png', 'write /srv/out/{letters}.png']);
  });
});

describe('data directories', () => {
  const volume: Open = { access: 'write', origin: 'volume' };
  const odd = (i: number): string => `${word(i)}${'~'.repeat(i % 4)}${i % 2 === 0 ? '' : '.d'}`;

  it('are where many names of any build are on a volume', () => {
    expect(files(times(many, (i) => open(`/data/${odd(i)}`, volume)))).toEqual(['write /data/{any}']);
    expect(files(times(many - 1, (i) => open(`/data/${odd(i)}`, volume)))).toHaveLength(many - 1);
  });

  it.each(['/etc', '/dev', '/proc/sys/vm', '/usr', '/lib64', '/var'])('are never %s', (directory) => {
    expect(files(times(many, (i) => open(`${directory}/${odd(i)}`, volume)))).toHaveLength(many);
  });

  it.each(['/etc/app', '/usr/local/lib/python3.11/site-packages/app', '/lib/app', '/usr/local/bin'])(
    'are not where changes of code or settings lie: %s',
    (directory) => {
      const made = open(directory, { access: 'create' });
      const names = times(many, (i) => open(`${directory}/${odd(i)}`, volume));
      expect(files([made, ...names])).toHaveLength(many + 1);
      const reads = times(many, (i) => open(`${directory}/${odd(i)}`, { access: 'read', origin: 'volume' }));
      expect(files([made, ...reads])).toContain(`read ${directory}/{any}`);
    },
  );

  it("are Python's caches, wherever they are made", () => {
    const cache = '/usr/lib/python3.11/json/__pycache__';
    const made = open(cache, { access: 'create' });
    const names = times(many, (i) => open(`${cache}/${odd(i)}`));
    expect(files([made, ...names])).toEqual([`create ${cache}`, `write ${cache}/{any}`]);
  });

  it('are not shown by a few mounted files among others', () => {
    const seen = times(many, (i) => open(`/srv/${odd(i)}`, i < 3 ? volume : { access: 'write' }));
    expect(files(seen)).toHaveLength(many);
  });

  it('are where the workload made the directory itself', () => {
    const names = times(many, (i) => open(`/srv/made/${odd(i)}`));
    expect(files(names)).toHaveLength(many);
    expect(files([...names, open('/srv/made', { access: 'create' })])).toEqual([
      'create /srv/made',
      'write /srv/made/{any}',
    ]);
    expect(files([...names, open('/srv/made', { access: 'create' }, tool)])).toContain(
      'write /srv/made/{any}',
    );
  });

  it('count for whatever else is done to many names there, by any program', () => {
    const seen = [
      ...times(many, (i) => open(`/data/${odd(i)}`, volume)),
      ...times(many, (i): Behaviour => ({ ...tool, kind: 'delete', path: `/data/${odd(i)}` })),
      ...times(
        many,
        (i): Behaviour => ({ ...app, kind: 'rename', path: `/data/${odd(i)}`, to: `/data/x${odd(i)}` }),
      ),
    ];
    expect(files(seen)).toEqual([
      'write /data/{any}',
      'rename /data/{any} /data/{any}',
      'delete /data/{any}',
    ]);
  });

  it('made in a data directory are such themselves', () => {
    const made = times(many, (i) => open(`/data/${odd(i)}`, { access: 'create', origin: 'volume' }));
    const below = times(many, (i) => open(`/data/${odd(0)}/${odd(i)}`));
    expect(files([...made, ...below])).toEqual([`write /data/${odd(0)}/{any}`, 'create /data/{any}']);
  });

  it('never take in sensitive files', () => {
    const seen = [...times(many, (i) => open(`/data/${odd(i)}`, volume)), open('/data/tls.key', volume)];
    expect(files(seen)).toEqual(['write /data/tls.key volume', 'write /data/{any}']);
  });

  it('are told to the person who learns', () => {
    const seen = [
      ...times(many, (i) => open(`/data/${odd(i)}`, volume)),
      ...times(many, (i) => open(`/srv/out/${word(i)}.png`)),
    ];
    expect(learnReport(subject, seen, aboutAll)).toMatchObject({
      dataDirectories: ['/data'],
      siblingClasses: ['/srv/out/{letters}.png'],
    });
  });
});

describe('the verdict on a name nobody has seen', () => {
  const seen = [
    ...times(many, (i) =>
      open(`/data/${word(i)}${'~'.repeat(i % 4)}`, { access: 'write', origin: 'volume' }),
    ),
    ...times(many, (i) => open(`/srv/out/icon-${word(i)}.png`)),
    ...times(
      many,
      (i): Behaviour => ({
        ...app,
        kind: 'rename',
        path: `/srv/out/${word(i)}.part`,
        to: '/srv/out/done.txt',
      }),
    ),
  ];
  const index = indexBehaviour(learn(subject, seen, aboutAll));

  it.each<[string, Behaviour, string]>([
    ['any name in a data directory', open('/data/{num}'), 'expected'],
    ['from wherever it comes', open('/data/new name', { access: 'write', origin: 'upper' }), 'expected'],
    ['another access to it', open('/data/new', { access: 'read' }), 'new-file'],
    ['a directory below', open('/data/new/file'), 'new-file'],
    ['a sensitive file there', open('/data/server.key'), 'sensitive-file'],
    ['a way out of it', open('/data/../etc/passwd'), 'new-file'],
    ['the way up', open('/data/..'), 'new-file'],
    ['a name that was cut', open('/data/aaaa…'), 'new-file'],
    ['a name written like the pattern', open('/data/{any}'), 'new-file'],
    ['loading from there', { ...app, kind: 'load', path: '/data/new', origin: 'volume' }, 'new-file'],
    ['another sibling', open('/srv/out/icon-new.png'), 'expected'],
    ['another class in its place', open('/srv/out/icon-7.png'), 'new-file'],
    ['another word where all had one', open('/srv/out/logo-new.png'), 'new-file'],
    ['another extension', open('/srv/out/icon-new.php'), 'new-file'],
    ['one part more', open('/srv/out/icon-new-x.png'), 'new-file'],
    ['a name written like the class', open('/srv/out/icon-{letters}.png'), 'new-file'],
    [
      'another move of that kind',
      { ...app, kind: 'rename', path: '/srv/out/new.part', to: '/srv/out/done.txt' },
      'expected',
    ],
    [
      'a move elsewhere',
      { ...app, kind: 'rename', path: '/srv/out/new.part', to: '/srv/out/x.txt' },
      'new-file',
    ],
    ['another program', open('/data/new', { access: 'write' }, tool), 'new-program'],
  ])('%s', (_name, b, answer) => {
    const verdict = judge(b, index);
    expect(verdict.kind === 'drift' ? verdict.because : verdict.kind).toBe(answer);
  });
});

it('leaves alone what a person wrote', () => {
  const written: BehaviourSet = {
    programs: learn(subject, [open('/srv/a')], aboutAll).behaviour.programs.map((p) => ({
      ...p,
      files: [
        { path: '/usr/{image}', access: ['read'] },
        { path: '{volume:data}/**', access: ['create'] },
        { path: '{volume:data}/{any}', access: ['write'] },
        { path: '/etc/app/{letters}.conf', access: ['write'] },
      ],
    })),
  };
  expect(condense(written).programs[0]?.files).toHaveLength(4);
});
