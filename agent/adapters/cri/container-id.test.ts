import { describe, expect, it } from 'vitest';
import { containerId } from './container-id.ts';

const hex = 'ab'.repeat(32);
const inner = 'cd'.repeat(32);

describe('containerId', () => {
  it.each<[string, string, string | undefined]>([
    ['CRI-O, systemd', `/kubepods.slice/kubepods-pod1.slice/crio-${hex}.scope`, hex],
    ['CRI-O, cgroupfs', `/kubepods/burstable/pod1/crio-${hex}`, hex],
    ["crun's child of it", `/kubepods.slice/kubepods-pod1.slice/crio-${hex}.scope/container`, hex],
    ['containerd, systemd', `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${hex}.scope`, hex],
    ['containerd, cgroupfs', `/kubepods/besteffort/pod1/${hex}`, hex],
    ['runc colons', `/system.slice/x.slice:crio:${hex}`, hex],
    ['what a container nests', `/kubepods/besteffort/pod1/${hex}/docker/${inner}`, hex],
    ["CRI-O's monitor", `/kubepods.slice/crio-conmon-${hex}.scope`, undefined],
    ['docker', `/system.slice/docker-${hex}.scope`, undefined],
    ['inside of docker', `/system.slice/docker-${hex}.scope/kubepods/pod1/${inner}`, undefined],
    ['podman', `/machine.slice/libpod-${hex}.scope`, undefined],
    ['a unit', '/system.slice/nginx.service', undefined],
    ['the root', '/', undefined],
    ['an id that is too short', `/kubepods/pod1/crio-${hex.slice(1)}.scope`, undefined],
  ])('%s', (_name, path, expected) => expect(containerId(path)).toBe(expected));
});
