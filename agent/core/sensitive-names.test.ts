import { describe, expect, it } from 'vitest';
import type { ActEvent } from './attributed.ts';
import { SensitiveNames } from './sensitive-names.ts';

const by = { time: 1, process: { pid: 1, start: 1 } };
const hard = (target: string, path: string): ActEvent => ({
  ...by,
  kind: 'link',
  path,
  target,
  symbolic: false,
});
const soft = (target: string, path: string): ActEvent => ({
  ...by,
  kind: 'link',
  path,
  target,
  symbolic: true,
});
const move = (path: string, to: string): ActEvent => ({ ...by, kind: 'rename', path, to });
const make = (path: string): ActEvent => ({ ...by, kind: 'open', path, access: 'create' });
const remove = (path: string): ActEvent => ({ ...by, kind: 'delete', path });

describe('SensitiveNames', () => {
  it.each<[string, readonly ActEvent[], string, string | undefined]>([
    ['a hard link', [hard('/etc/shadow', '/data/x')], '/data/x', '/etc/shadow'],
    ['a symbolic link', [soft('/etc/shadow', '/data/x')], '/data/x', '/etc/shadow'],
    ['one that says where from here', [soft('../etc/shadow', '/data/x')], '/data/x', '/etc/shadow'],
    ['one beside it', [soft('shadow', '/etc/x')], '/etc/x', '/etc/shadow'],
    [
      'a link to a link',
      [hard('/etc/shadow', '/data/x'), hard('/data/x', '/data/y')],
      '/data/y',
      '/etc/shadow',
    ],
    ['a moved file', [move('/etc/shadow', '/data/x')], '/data/x', '/etc/shadow'],
    [
      'a link that was moved',
      [hard('/etc/shadow', '/data/x'), move('/data/x', '/data/y')],
      '/data/y',
      '/etc/shadow',
    ],
    ['a moved directory of keys', [move('/root/.ssh', '/data/d')], '/data/d/config', '/root/.ssh/config'],
    ['a linked directory of keys', [soft('/root/.ssh', '/d')], '/d/sub/known', '/root/.ssh/sub/known'],
    ['a harmless link', [hard('/etc/hosts', '/data/x')], '/data/x', undefined],
    ['another file', [hard('/etc/shadow', '/data/x')], '/data/y', undefined],
    ['a name that is sensitive itself', [move('/etc/shadow', '/etc/shadow-')], '/etc/shadow-', undefined],
    ['a new file in its place', [hard('/etc/shadow', '/data/x'), make('/data/x')], '/data/x', undefined],
    // Whoever deletes can have another name read than the one that goes.
    [
      'a link that is said to be gone',
      [hard('/etc/shadow', '/data/x'), remove('/data/x')],
      '/data/x',
      '/etc/shadow',
    ],
  ])('%s', (_what, events, path, real) => {
    const names = new SensitiveNames();
    for (const event of events) names.learn(event);
    expect(names.of(path)).toBe(real);
  });

  it('tells what is new, and when there is no room', () => {
    const names = new SensitiveNames();
    const link = hard('/etc/shadow', '/data/0');
    expect(names.learn(link)).toBe('name');
    expect(names.learn(link)).toBe('nothing');
    for (let i = 1; i < 256; i++) names.learn(hard('/etc/shadow', `/data/${i}`));
    expect(names.learn(hard('/etc/shadow', '/data/one-more'))).toBe('full');
    expect(names.learn(make('/data/7'))).toBe('nothing');
    expect(names.learn(hard('/etc/shadow', '/data/one-more'))).toBe('name');
  });
});
