/** `/docker/<id>`, `docker-<id>.scope`, and whatever parent a daemon or an orchestrator was told to use. */
const named = /^(?:docker-)?([0-9a-f]{64})(?:\.scope)?$/;
const colons = /^[^:]*:docker:([0-9a-f]{64})$/;

/** Whether only Docker makes cgroups of this form: then its silence is a failure, not another runtime's container. */
export interface Candidate {
  readonly id: string;
  readonly isDocker: boolean;
}

/** The container that a v2 cgroup path names, the outermost: what a container nests belongs to it. */
export function candidate(cgroupPath: string): Candidate | undefined {
  const segments = cgroupPath.split('/').filter((s) => s !== '');
  for (const [i, segment] of segments.entries()) {
    const id = named.exec(segment)?.[1] ?? colons.exec(segment)?.[1];
    if (id === undefined) continue;
    return { id, isDocker: segment.includes('docker') || segments[i - 1] === 'docker' };
  }
  return undefined;
}
