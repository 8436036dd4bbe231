import { describe, expect, it } from 'vitest';
import { parseCgroupPath } from './cgroup-path.ts';

const id = 'a3f1c2d4e5b60718293a4b5c6d7e8f90a3f1c2d4e5b60718293a4b5c6d7e8f90';
const inner = 'b'.repeat(64);
const uid = '0f3c7b1e-9a52-4c1d-8e77-1a2b3c4d5e6f';
const scoredUid = uid.replaceAll('-', '_');

describe('parseCgroupPath', () => {
  it.each<[string, string, { runtime: string; containerId: string; path: string; podUid?: string }]>([
    ['containerd, ctr', '/k8s.io/c1', { runtime: 'containerd', containerId: 'c1', path: '/k8s.io/c1' }],
    [
      'containerd, default namespace',
      '/default/web-1',
      { runtime: 'containerd', containerId: 'web-1', path: '/default/web-1' },
    ],
    [
      'containerd, cgroupfs driver',
      `/kubepods/besteffort/pod${uid}/${id}`,
      { runtime: 'unknown', containerId: id, podUid: uid, path: `/kubepods/besteffort/pod${uid}/${id}` },
    ],
    [
      'containerd, guaranteed pod',
      `/kubepods/pod${uid}/${id}`,
      { runtime: 'unknown', containerId: id, podUid: uid, path: `/kubepods/pod${uid}/${id}` },
    ],
    [
      'containerd, systemd driver',
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${scoredUid}.slice/cri-containerd-${id}.scope`,
      {
        runtime: 'containerd',
        containerId: id,
        podUid: uid,
        path: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${scoredUid}.slice/cri-containerd-${id}.scope`,
      },
    ],
    [
      'systemd-style name under the cgroupfs driver',
      `/system.slice/containerd.service/kubepods-besteffort-pod${scoredUid}.slice:cri-containerd:${id}`,
      {
        runtime: 'containerd',
        containerId: id,
        podUid: uid,
        path: `/system.slice/containerd.service/kubepods-besteffort-pod${scoredUid}.slice:cri-containerd:${id}`,
      },
    ],
    [
      'cri-o',
      `/kubepods.slice/kubepods-pod${scoredUid}.slice/crio-${id}.scope`,
      {
        runtime: 'cri-o',
        containerId: id,
        podUid: uid,
        path: `/kubepods.slice/kubepods-pod${scoredUid}.slice/crio-${id}.scope`,
      },
    ],
    [
      'cri-o, cgroupfs',
      `/kubepods/burstable/pod${uid}/crio-${id}`,
      {
        runtime: 'cri-o',
        containerId: id,
        podUid: uid,
        path: `/kubepods/burstable/pod${uid}/crio-${id}`,
      },
    ],
    [
      'a child cgroup of a cri-o container',
      `/kubepods.slice/kubepods-pod${scoredUid}.slice/crio-${id}.scope/container`,
      {
        runtime: 'cri-o',
        containerId: id,
        podUid: uid,
        path: `/kubepods.slice/kubepods-pod${scoredUid}.slice/crio-${id}.scope`,
      },
    ],
    ['docker, cgroupfs', `/docker/${id}`, { runtime: 'docker', containerId: id, path: `/docker/${id}` }],
    [
      'docker, systemd',
      `/system.slice/docker-${id}.scope`,
      { runtime: 'docker', containerId: id, path: `/system.slice/docker-${id}.scope` },
    ],
    [
      'docker in docker belongs to the outer one',
      `/docker/${id}/docker/${inner}`,
      { runtime: 'docker', containerId: id, path: `/docker/${id}` },
    ],
    [
      'a unit inside a container belongs to the container',
      `/docker/${id}/system.slice/nginx.service`,
      { runtime: 'docker', containerId: id, path: `/docker/${id}` },
    ],
    [
      'kubelet in a container (kind)',
      `/docker/${id}/kubelet/kubepods/pod${uid}/${inner}`,
      { runtime: 'docker', containerId: id, path: `/docker/${id}` },
    ],
    [
      'podman, cgroupfs',
      `/libpod_parent/libpod-${id}`,
      { runtime: 'podman', containerId: id, path: `/libpod_parent/libpod-${id}` },
    ],
    [
      'podman, systemd',
      `/machine.slice/libpod-${id}.scope/container`,
      { runtime: 'podman', containerId: id, path: `/machine.slice/libpod-${id}.scope` },
    ],
    [
      'podman, rootless',
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope/container`,
      {
        runtime: 'podman',
        containerId: id,
        path: `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`,
      },
    ],
    [
      'nerdctl',
      `/system.slice/nerdctl-${id}.scope`,
      { runtime: 'containerd', containerId: id, path: `/system.slice/nerdctl-${id}.scope` },
    ],
    ['lxc', '/lxc.payload.web', { runtime: 'lxc', containerId: 'web', path: '/lxc.payload.web' }],
  ])('%s', (_name, path, expected) => {
    expect(parseCgroupPath(path)).toMatchObject({ kind: 'container', ...expected });
  });

  it.each<[string, string, string, string]>([
    ['a service', '/system.slice/nginx.service', '/system.slice/nginx.service', 'unit/nginx.service'],
    ['what a service delegates', '/system.slice/a.service/x/y', '/system.slice/a.service', 'unit/a.service'],
    [
      'a template',
      '/system.slice/system-getty.slice/getty@tty1.service',
      '/system.slice/system-getty.slice/getty@tty1.service',
      'unit/getty@.service',
    ],
    [
      'a session',
      '/user.slice/user-1000.slice/session-12.scope',
      '/user.slice/user-1000.slice/session-12.scope',
      'unit/session-{num}.scope',
    ],
    [
      "a user's service",
      '/user.slice/user-1000.slice/user@1000.service/app.slice/dbus.service',
      '/user.slice/user-1000.slice/user@1000.service/app.slice/dbus.service',
      'unit/dbus.service',
    ],
    [
      'the user manager itself',
      '/user.slice/user-1000.slice/user@1000.service/init.scope',
      '/user.slice/user-1000.slice/user@1000.service/init.scope',
      'unit/init.scope',
    ],
    [
      'a version is no counter',
      '/system.slice/php8.2-fpm.service',
      '/system.slice/php8.2-fpm.service',
      'unit/php8.2-fpm.service',
    ],
    [
      'a transient unit',
      '/system.slice/run-u123.service',
      '/system.slice/run-u123.service',
      'unit/run-u{num}.service',
    ],
    [
      "cri-o's monitor",
      `/system.slice/crio-conmon-${id}.scope`,
      `/system.slice/crio-conmon-${id}.scope`,
      'unit/crio-conmon-{hex}.scope',
    ],
  ])('%s is a unit', (_name, path, top, owner) => {
    expect(parseCgroupPath(path)).toMatchObject({ kind: 'unit', path: top, owner });
  });

  it.each([
    '/',
    '',
    '/system.slice',
    '/kubepods',
    `/kubepods/burstable/pod${uid}`,
    '/docker',
    '/user.slice/user-1000.slice',
  ])('%s belongs to nobody', (path) => expect(parseCgroupPath(path)).toEqual({ kind: 'group' }));

  it('names copies of one thing alike', () => {
    expect(parseCgroupPath('/demo/copy-1')).toEqual({
      kind: 'cgroup',
      path: '/demo/copy-1',
      owner: 'cgroup/demo/copy-{num}',
    });
    expect(parseCgroupPath('/demo/copy-2')).toMatchObject({ owner: 'cgroup/demo/copy-{num}' });
  });
});
