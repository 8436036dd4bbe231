import { existsSync } from 'node:fs';
import type { ContainerRuntime } from '../ports.ts';
import { type Candidate, candidates, usualNamespaces } from './containerd/container-id.ts';
import { type Container, type ContainerdClient, containerdClient } from './containerd/containerd-client.ts';
import { describer } from './containerd/describe.ts';

export interface ContainerdOptions {
  /** Default /run/containerd/containerd.sock. */
  readonly socket?: string;
  /** Of each call; default 2000. */
  readonly timeoutMs?: number;
}

export interface ContainerdRuntime extends ContainerRuntime {
  /** SIGKILL to every process of a container, by its id. @throws ContainerdError */
  kill(id: string): Promise<void>;
  close(): void;
}

/** Asks containerd's own API which image a container was made from: container → image name → manifest digest. */
export function containerdRuntime(options: ContainerdOptions = {}): ContainerdRuntime {
  const socket = options.socket ?? '/run/containerd/containerd.sock';
  const client = containerdClient(socket, options.timeoutMs ?? 2000);
  const describe = describer(client);
  return {
    name: 'containerd',
    identify: async (cgroupPath) => {
      const asked = candidates(cgroupPath);
      // No socket: the containers of this node, if any, are somebody else's.
      if (asked.length === 0 || !existsSync(socket)) return undefined;
      const found = await find(client, asked);
      return found === undefined ? undefined : await describe(found.namespace, found.container);
    },
    kill: async (id) => {
      if (!existsSync(socket)) return;
      const found = await find(client, [{ id }]);
      if (found !== undefined) await client.killTask(found.namespace, id);
    },
    close: () => client.close(),
  };
}

interface Found {
  readonly namespace: string;
  readonly container: Container;
}

async function find(client: ContainerdClient, asked: readonly Candidate[]): Promise<Found | undefined> {
  for (const candidate of asked) {
    for (const namespace of await namespacesFor(client, candidate)) {
      const container = await client.container(namespace, candidate.id);
      if (container !== undefined) return { namespace, container };
    }
  }
  return undefined;
}

/**
 * `/a/b` may be a container of namespace `a` or any cgroup of the host: only containerd knows which namespaces there
 * are. When it does not answer, a cgroup that does not look like its own is left to the next runtime.
 */
async function namespacesFor(client: ContainerdClient, { namespace }: Candidate): Promise<readonly string[]> {
  const usual = (name: string): boolean => usualNamespaces.some((u) => u === name);
  try {
    const known = await client.namespaces();
    if (namespace !== undefined) return known.filter((name) => name === namespace);
    return [
      ...usualNamespaces.filter((name) => known.includes(name)),
      ...known.filter((name) => !usual(name)),
    ];
  } catch (error) {
    if (namespace === undefined || usual(namespace)) throw error;
    return [];
  }
}
