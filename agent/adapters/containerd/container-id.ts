/** A container that a cgroup path may name: in a known containerd namespace, or in one to be looked for. */
export interface Candidate {
  readonly id: string;
  readonly namespace?: string;
}

/** What containerd's clients use; further ones are asked for. */
export const usualNamespaces = ['k8s.io', 'moby', 'default'] as const;

/**
 * The container ids a v2 cgroup path may stand for, outermost first (what a container nests belongs to it):
 * `…/<64 hex>` and `cri-containerd-<64 hex>.scope` of the CRI, `docker-<64 hex>.scope`, `<slice>:cri-containerd:<id>`,
 * and `/<namespace>/<id>` of ctr and nerdctl. Those of other runtimes (CRI-O, podman) are not containerd's.
 */
export function candidates(cgroupPath: string): readonly Candidate[] {
  const segments = cgroupPath.split('/').filter((s) => s !== '');
  const found = segments.flatMap((segment): Candidate[] => {
    const hex = /^(?:(?:cri-containerd|nerdctl)-|(docker)-)?([0-9a-f]{64})(?:\.scope)?$/.exec(segment);
    if (hex?.[2] !== undefined)
      return [{ id: hex[2], ...(hex[1] === undefined ? {} : { namespace: 'moby' }) }];
    const colons = /^[^:]*:(?:cri-containerd|nerdctl):([0-9a-zA-Z_.-]+)$/.exec(segment);
    return colons?.[1] === undefined ? [] : [{ id: colons[1] }];
  });
  if (found.length > 0 || segments.some((s) => /^(?:crio|libpod)-/.test(s))) return found;
  const [namespace, id] = segments;
  return namespace !== undefined && id !== undefined ? [{ id, namespace }] : [];
}
