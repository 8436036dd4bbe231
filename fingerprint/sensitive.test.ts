import { describe, expect, it } from 'vitest';
import type { Actor, Behaviour } from './behaviour.ts';
import { isFree, isSensitivePath, learnable, neverLearnable } from './sensitive.ts';

const actor: Actor = { root: 'entrypoint', lineage: ['/app'] };

describe('isSensitivePath', () => {
  it.each([
    '/etc/shadow',
    '/etc/shadow-',
    '/host/etc/shadow',
    '/etc/sudoers.d/x',
    '/root/.ssh/authorized_keys',
    '/home/a/.ssh/id_ed25519',
    '/srv/tls/server.key',
    '/run/secrets/kubernetes.io/serviceaccount/token',
    '/var/run/secrets/db-password',
    '/var/lib/kubelet/pods/1/volumes/kubernetes.io~projected/kube-api-access-x/token',
    '/var/lib/kubelet/pki/kubelet-client-current.pem',
    '/etc/kubernetes/admin.conf',
    '/proc/1/environ',
    '/proc/1/task/2/environ',
    '/proc/self/mem',
    '/proc/kcore',
    '/proc/sys/kernel/core_pattern',
    '/sys/fs/cgroup/memory/release_agent',
    '/etc/ld.so.preload',
    '/etc/cron.d/x',
    '/var/spool/cron/crontabs/root',
    '/root/.bashrc',
    '/var/run/docker.sock',
    '/run/containerd/containerd.sock',
    '/run/crio/crio.sock',
    '/root/.aws/credentials',
    '/root/.kube/config',
    '/dev/sda1',
    '/dev/mem',
  ])('%s is', (path) => expect(isSensitivePath(path)).toBe(true));

  it.each([
    '/etc/passwd',
    '/etc/hosts',
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/ld.so.cache',
    '/proc/1/stat',
    '/proc/self/fd/3',
    '/proc/meminfo',
    '/dev/null',
    '/dev/pts/0',
    '/data/shadow',
    '/usr/lib/keyboard.keymap',
    '/app/environ',
    '/srv/release_agents/x',
  ])('%s is not', (path) => expect(isSensitivePath(path)).toBe(false));
});

describe('neverLearnable', () => {
  it.each<[string, Behaviour, boolean]>([
    ['exec from the image', { ...actor, kind: 'exec', args: [], origin: 'image' }, false],
    ['exec from a volume', { ...actor, kind: 'exec', args: [], origin: 'volume' }, false],
    ['exec of unknown origin', { ...actor, kind: 'exec', args: [] }, false],
    ['exec from the upper layer', { ...actor, kind: 'exec', args: [], origin: 'upper' }, true],
    ['exec from memory', { ...actor, kind: 'exec', args: [], origin: 'memory' }, true],
    ['exec by hand', { ...actor, root: 'interactive', kind: 'exec', args: [], origin: 'image' }, true],
    ['load from scratch', { ...actor, kind: 'load', path: '/x', origin: 'scratch' }, true],
    ['load from the image', { ...actor, kind: 'load', path: '/x', origin: 'image' }, false],
    ['ptrace', { ...actor, kind: 'privilege', privilege: 'ptrace' }, true],
    ['bpf', { ...actor, kind: 'privilege', privilege: 'bpf' }, true],
    ['chroot', { ...actor, kind: 'privilege', privilege: 'chroot' }, false],
    ['reading a sensitive file', { ...actor, kind: 'open', path: '/etc/shadow', access: 'read' }, false],
  ])('%s: %s', (_name, b, never) => {
    expect(neverLearnable(b)).toBe(never);
    expect(learnable(b)).toBe(!never);
  });
});

describe('learnable', () => {
  it('leaves out a sensitive file whose name had to be hidden', () => {
    expect(learnable({ ...actor, kind: 'delete', path: '/root/.ssh/{secret}' })).toBe(false);
    expect(learnable({ ...actor, kind: 'rename', path: '/a', to: '/root/.ssh/{secret}' })).toBe(false);
    expect(learnable({ ...actor, kind: 'delete', path: '/data/{secret}' })).toBe(true);
  });

  it('leaves out devices without state', () => {
    const b: Behaviour = { ...actor, kind: 'open', path: '/dev/urandom', access: 'read' };
    expect([isFree(b), learnable(b), neverLearnable(b)]).toEqual([true, false, false]);
  });
});
