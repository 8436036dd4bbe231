import { mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../fingerprint/event.ts';
import { OwnTool } from './own-tool.ts';

const launcher = fileURLToPath(new URL('../../bin/whorl', import.meta.url));
const home = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const program = fileURLToPath(new URL('../main.ts', import.meta.url));
const node = realpathSync(process.execPath);
const at = (pid: number) => ({ time: 1, process: { pid, start: pid } });
const exec = (pid: number, exe: string, args: readonly string[], env?: readonly string[]): Event => ({
  ...at(pid),
  kind: 'exec',
  exe,
  args,
  ...(env === undefined ? {} : { env }),
});
const open = (pid: number): Event => ({ ...at(pid), kind: 'open', path: '/x', access: 'read' });
const fork = (pid: number, child: number): Event => ({
  ...at(pid),
  kind: 'fork',
  child: { pid: child, start: child },
});
const kept = (events: readonly Event[], searchPath?: string): readonly Event[] => {
  const tool = new OwnTool(searchPath);
  return events.flatMap((event) => tool.without([event]));
};

describe('whorl step, where the script itself is recorded', () => {
  it('is left out with what its launcher starts, and nothing of its command', () => {
    const own = [
      exec(1, '/usr/bin/dash', ['/bin/sh', launcher, 'step', 'login', '--', 'curl', 'x']),
      open(1),
      fork(1, 2),
      exec(2, '/usr/bin/readlink', ['readlink', '-f', launcher]),
      open(2),
      exec(1, node, ['node', `${home}/bin/../cli/main.ts`, 'step', 'login', '--', 'curl', 'x']),
      open(1),
    ];
    const command = [fork(1, 3), open(3), exec(3, '/usr/bin/curl', ['curl', 'x']), open(3)];
    expect(kept([...own, ...command])).toEqual([fork(1, 2), ...command]);
  });

  it.each<[string, readonly Event[]]>([
    ['another verb', [exec(1, '/usr/bin/dash', ['/bin/sh', launcher, 'record']), open(1)]],
    ['another file of the name', [exec(1, '/usr/bin/dash', ['/bin/sh', '/tmp/whorl', 'step', 'a']), open(1)]],
    ['a relative name', [exec(1, '/usr/bin/dash', ['sh', 'bin/whorl', 'step', 'a']), open(1)]],
    ['another shell', [exec(1, '/tmp/sh', ['sh', launcher, 'step', 'a']), open(1)]],
    ['another node', [exec(1, '/tmp/node', ['node', program, 'step', 'a']), open(1)]],
    ['a loader hook', [exec(1, '/usr/bin/dash', ['sh', launcher, 'step', 'a'], ['LD_PRELOAD']), open(1)]],
    ['an interpreter hook', [exec(1, node, ['node', program, 'step', 'a'], ['NODE_OPTIONS']), open(1)]],
  ])('%s is seen', (_name, events) => expect(kept(events)).toEqual(events));

  it('counts by the name it stands under on the path, until somebody touches that', () => {
    const directory = mkdtempSync(join(tmpdir(), 'whorl-own-'));
    const link = join(directory, 'whorl');
    symlinkSync(launcher, link);
    const start = [exec(1, '/usr/bin/dash', ['sh', link, 'step', 'a'])];
    try {
      expect(kept(start, `bin:${directory}`)).toEqual([]);
      expect(kept(start)).toEqual(start);
      const tool = new OwnTool(directory);
      renameSync(link, `${link}.kept`);
      symlinkSync('/tmp/evil', link);
      renameSync(`${link}.kept`, link);
      expect(tool.without(start)).toEqual(start);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('never counts by a link that leads to it by the time it is asked', () => {
    const directory = mkdtempSync(join(tmpdir(), 'whorl-own-'));
    const link = join(directory, 'link');
    const tool = new OwnTool(directory);
    try {
      symlinkSync(program, link);
      const started = [exec(1, node, ['node', link, 'step', 'a']), open(1)];
      expect(tool.without(started)).toEqual(started);
      const around = [exec(1, node, ['node', `${directory}/link/../main.ts`, 'step', 'a']), open(1)];
      expect(tool.without(around)).toEqual(around);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('hides no program that a launcher is led to start', () => {
    const led = [exec(2, '/tmp/evil/readlink', ['readlink']), open(2), exec(2, '/usr/bin/curl', ['curl'])];
    const events = [exec(1, '/usr/bin/dash', ['sh', launcher, 'step', 'a']), fork(1, 2), ...led];
    expect(kept(events)).toEqual([fork(1, 2), ...led]);
  });

  it('is forgotten when it ends, and when it becomes something else', () => {
    const exit: Event = { ...at(1), kind: 'exit', code: 0 };
    const events = [exec(1, '/usr/bin/dash', ['sh', launcher, 'step', 'a']), exit, open(1)];
    expect(kept(events)).toEqual([exit, open(1)]);
    const became = [
      exec(1, '/usr/bin/dash', ['sh', launcher, 'step', 'a']),
      exec(1, '/bin/x', ['x']),
      open(1),
    ];
    expect(kept(became)).toEqual(became.slice(1));
  });
});
