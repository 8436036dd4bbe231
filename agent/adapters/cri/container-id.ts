/** systemd driver, CRI-O's cgroupfs driver, and the bare id of containerd's. `crio-conmon-…` is the monitor. */
const named = /^(?:(?:cri-containerd|crio)-)?([0-9a-f]{64})(?:\.scope)?$/;
const colons = /^[^:]*:(?:cri-containerd|crio):([0-9a-f]{64})$/;

/** The container that a v2 cgroup path names, the outermost: what a container nests belongs to it. */
export function containerId(cgroupPath: string): string | undefined {
  const segments = cgroupPath.split('/');
  // Docker's and podman's own are not the CRI's, whatever lies inside them.
  const first = segments.find((segment) => /[0-9a-f]{64}/.test(segment)) ?? '';
  return named.exec(first)?.[1] ?? colons.exec(first)?.[1];
}
