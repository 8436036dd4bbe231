import { expect, it } from 'vitest';
import type { EventOf } from '../../fingerprint/event.ts';
import { Executions } from './executions.ts';

const exec = (pid: number, more: Partial<EventOf<'exec'>> = {}): EventOf<'exec'> => ({
  kind: 'exec',
  time: pid,
  process: { pid, start: pid },
  exe: '/bin/a',
  args: ['a', '-x'],
  cwd: '/srv',
  ...more,
});

it('keeps one copy of what is told alike, and says the same', () => {
  const executions = new Executions();
  const first = executions.kept(exec(1), { pid: 1, start: 1 });
  const second = executions.kept(exec(2), { pid: 2, start: 2 });
  expect(second).toEqual(exec(2));
  expect(second.args).toBe(first.args);
});

it.each<[string, Partial<EventOf<'exec'>>]>([
  ['arguments', { args: ['a', '-y'] }],
  ['number of arguments', { args: ['a', '-x', ''] }],
  ['directory', { cwd: '/' }],
  ['name it was called by', { file: '/bin/b' }],
])('says what differs: %s', (_what, more) => {
  const executions = new Executions();
  executions.kept(exec(1), { pid: 1, start: 1 });
  expect(executions.kept(exec(2, more), { pid: 2, start: 2 })).toEqual(exec(2, more));
});
