import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import type { Actor, Behaviour } from './behaviour.ts';
import { lineKey } from './command-line.ts';
import { argsKey } from './identity.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import { learn } from './learn.ts';

const app: Actor = { root: 'entrypoint', lineage: ['/app'] };
const exec = (args: readonly string[], more: object = {}): Behaviour => ({
  ...app,
  kind: 'exec',
  args,
  origin: 'image',
  ...more,
});

describe('lineKey', () => {
  it.each<[readonly string[], readonly string[] | undefined]>([
    [
      ['nginx', '-g', 'daemon off;'],
      ['nginx', '-g', 'daemon', 'off;'],
    ],
    [
      ['my app', 'a  b'],
      ['my app', 'a', '', 'b'],
    ],
    [['nginx', '-g', 'daemon', 'off;'], undefined],
    [['my app'], undefined],
    [['sh', '-c', 'id; ls'], undefined],
    [['timeout', '5', 'sh', '-c', 'id; ls'], undefined],
    // Code in its words, though not in its arguments.
    [['su', 'www', '-c', 'php run.php'], undefined],
  ])('%j', (args, words) => {
    expect(lineKey(args)).toBe(words && argsKey(words));
  });
});

describe('a command line', () => {
  const asked = (known: readonly string[], seen: readonly string[], more: object = {}): string => {
    const index = indexBehaviour({ ...learn(subject, [exec(known)], aboutAll), ...more });
    const verdict = judge(exec(seen), index);
    return verdict.kind === 'drift' ? verdict.because : verdict.kind;
  };
  const [told, words] = [
    ['app', '--say', 'two words', '-v'],
    ['app', '--say', 'two', 'words', '-v'],
  ];

  it('is the same, told argument by argument or as words', () => {
    expect([asked(told, words), asked(words, told)]).toEqual(['expected', 'expected']);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['split in two other places', told, ['app', '--say two', 'words', '-v']],
    ['with one word more', told, [...words, '-x']],
    ['in another order', told, ['app', '-v', '--say', 'two', 'words']],
    ['called otherwise', told, ['ppa', ...words.slice(1)]],
    ['whose code is split', ['app', '-c', 'x', 'sh', '-c', 'a b'], ['app', '-c', 'x', 'sh', '-c', 'a', 'b']],
    ['whose code is joined', ['sh', '-c', 'a', 'b'], ['sh', '-c', 'a b']],
  ])('is another %s', (_name, known, seen) => {
    expect(asked(known, seen)).toBe('new-arguments');
  });

  it('that a person took back is not let in again by its words', () => {
    const { programs } = learn(subject, [exec(words)], aboutAll).behaviour;
    const removed = { programs: programs.map((p) => ({ ...p, origins: [] })) };
    expect([asked(told, words, { removed }), asked(told, told, { removed })]).toEqual([
      'new-arguments',
      'expected',
    ]);
  });

  it('is known exactly where nobody learns it', () => {
    const upper = exec(words, { origin: 'upper' });
    const base = learn(subject, [exec(told)], aboutAll);
    const approved = {
      ...base,
      behaviour: { programs: base.behaviour.programs.map((p) => ({ ...p, origins: ['upper' as const] })) },
    };
    const verdict = judge(upper, indexBehaviour(approved));
    expect(verdict).toMatchObject({ kind: 'drift', because: 'never-learnable' });
  });
});
