import { existsSync } from 'node:fs';
import type { ContainerRuntime } from '../ports/containers.ts';
import { candidate } from './docker/container-id.ts';
import { describe } from './docker/describe.ts';
import { dockerClient } from './docker/docker-client.ts';
import { isObject } from './oci/json.ts';

export interface DockerOptions {
  /** Default /var/run/docker.sock. */
  readonly socket?: string;
  /** Of each call; default 2000. */
  readonly timeoutMs?: number;
}

/** Asks Docker's own API which image a container was made from. Nothing is ever changed through it. */
export function dockerRuntime(options: DockerOptions = {}): ContainerRuntime {
  const socket = options.socket ?? '/var/run/docker.sock';
  const client = dockerClient(socket, options.timeoutMs ?? 2000);
  return {
    name: 'docker',
    identify: async (cgroupPath) => {
      const asked = candidate(cgroupPath);
      // No socket: the containers of this node, if any, are somebody else's.
      if (asked === undefined || !existsSync(socket)) return undefined;
      try {
        const container = await client.container(asked.id);
        if (!isObject(container)) return undefined;
        const { Image: image } = container;
        return describe(
          asked.id,
          container,
          typeof image === 'string' ? await client.image(image) : undefined,
        );
      } catch (error) {
        if (asked.isDocker) throw error;
        return undefined;
      }
    },
  };
}
