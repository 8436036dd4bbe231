import type { ContainerRuntime } from '../ports/containers.ts';
import { entrypointDigest } from './host/entrypoint-digest.ts';

/**
 * For what no container runtime knows: systemd units and cgroups somebody made. Identity is the entrypoint itself;
 * whose it is (unit, cgroup) the cgroup path tells the core already. Asked last, because it answers for every cgroup.
 */
export function hostRuntime(): ContainerRuntime {
  return {
    name: 'host',
    identify: async (cgroupPath, first) => {
      const digest = await entrypointDigest(first);
      return { id: cgroupPath, ...(digest === undefined ? {} : { digest }) };
    },
  };
}
