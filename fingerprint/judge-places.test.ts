import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import type { Behaviour } from './behaviour.ts';
import type { Access, Origin } from './event.ts';
import { generalise } from './generalise.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import { learn } from './learn.ts';

const actor = { root: 'entrypoint', lineage: ['/usr/sbin/app'] } as const;
const open = (path: string, access: Access, origin?: Origin): Behaviour => ({
  ...actor,
  kind: 'open',
  path,
  access,
  ...(origin === undefined ? {} : { origin }),
});
const load = (path: string, origin: Origin): Behaviour => ({ ...actor, kind: 'load', path, origin });

const known: readonly Behaviour[] = [
  { ...actor, kind: 'exec', args: ['app'], origin: 'image' },
  open('/var/log/app.log', 'write', 'volume'),
  open('/run/app.pid', 'create', 'upper'),
  open('/etc/app/app.conf', 'read', 'image'),
  open('/usr/share/app/a', 'read', 'image'),
  open('/root/.ssh/known_hosts', 'write', 'upper'),
];
const index = indexBehaviour(learn(subject, known, aboutAll));
const of = (b: Behaviour): string => {
  const v = judge(generalise(b, {}), index);
  return v.kind === 'drift' ? v.because : v.kind;
};

/** What differs from place to place and says nothing of the program. */
describe('the same software elsewhere', () => {
  it.each<[string, Behaviour, string]>([
    ['a log that is not there yet', open('/var/log/app.log', 'create', 'scratch'), 'expected'],
    ['a pid file that was left over', open('/run/app.pid', 'write', 'upper'), 'expected'],
    ['reading what it only added to', open('/var/log/app.log', 'read', 'volume'), 'new-access'],
    ['reading what it made', open('/run/app.pid', 'read', 'upper'), 'new-access'],
    ['a sensitive file made anew', open('/root/.ssh/known_hosts', 'create', 'upper'), 'sensitive-file'],
    ['settings from a volume', open('/etc/app/app.conf', 'read', 'volume'), 'expected'],
    [
      'settings from a ConfigMap',
      open('/etc/app/..2026_05_02_08_00_00.123456789/app.conf', 'read', 'volume'),
      'expected',
    ],
    ['other settings from a volume', open('/etc/app/more.conf', 'read', 'volume'), 'new-file'],
    ['writing settings', open('/etc/app/app.conf', 'write', 'volume'), 'new-access'],
    ['data of the image from a volume', open('/usr/share/app/a', 'read', 'volume'), 'new-file'],
    ['a time zone', open('/usr/share/zoneinfo/Asia/Tokyo', 'read', 'volume'), 'expected'],
    ['a translation', open('/usr/share/locale/de/LC_MESSAGES/app.mo', 'read', 'image'), 'expected'],
    ['limits of its control group', open('/sys/fs/cgroup/memory.max', 'read'), 'expected'],
    ['writing into a control group', open('/sys/fs/cgroup/memory.max', 'write'), 'new-file'],
    ['a limit of the kernel', open('/proc/sys/kernel/ngroups_max', 'read'), 'expected'],
    ['a setting of the kernel', open('/proc/sys/kernel/modprobe', 'read'), 'sensitive-file'],
    ['a character set', load('/usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so', 'image'), 'expected'],
    ['one that was put there', load('/usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so', 'upper'), 'never-learnable'],
    ['one from a volume', load('/usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so', 'volume'), 'new-file'],
  ])('%s', (_name, b, answer) => expect(of(b)).toBe(answer));
});
