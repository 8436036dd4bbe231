import { describe, expect, it } from 'vitest';
import { candidates } from './container-id.ts';

const hex = 'ab'.repeat(32);

describe('candidates', () => {
  it.each<[string, string, ReturnType<typeof candidates>]>([
    [
      'cgroupfs under kubelet',
      `/kubepods/besteffort/pod11111111-2222-3333-4444-555555555555/${hex}`,
      [{ id: hex }],
    ],
    [
      'systemd under kubelet',
      `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${hex}.scope`,
      [{ id: hex }],
    ],
    ['docker', `/system.slice/docker-${hex}.scope`, [{ id: hex, namespace: 'moby' }]],
    ['runc colons', `/system.slice/x.slice:cri-containerd:${hex}`, [{ id: hex }]],
    ['ctr', '/k8s.io/c1', [{ id: 'c1', namespace: 'k8s.io' }]],
    ['below a container', `/k8s.io/${hex}/init.scope`, [{ id: hex }]],
    [
      'any other cgroup of the host',
      '/system.slice/nginx.service',
      [{ id: 'nginx.service', namespace: 'system.slice' }],
    ],
    ['podman', `/machine.slice/libpod-${hex}.scope`, []],
    ['CRI-O', `/kubepods.slice/crio-${hex}.scope`, []],
    ['one segment', '/c1', []],
    ['the root', '/', []],
  ])('%s', (_name, path, expected) => expect(candidates(path)).toEqual(expected));
});
