import { existsSync } from 'node:fs';
import type { ContainerRuntime } from '../ports/containers.ts';
import { type Candidate, candidates, usualNamespaces } from './containerd/container-id.ts';
import type { Container, ContainerdClient } from './containerd/containerd-client.ts';
import type { describer } from './containerd/describe.ts';

export interface ContainerdOptions {
  /** Default /run/containerd/containerd.sock. */
  readonly socket?: string;
  /** Of each call; default 2000. */
  readonly timeoutMs?: number;
}

export interface ContainerdRuntime extends ContainerRuntime {
  /**
   * Loads and connects what an answer needs: else the first takes several times as long as the next, a container of a
   * tenth of a second is missed, and later copies are known before it. Resolves at once where there is no socket.
   *
   * @throws ContainerdError
   */
  ready(): Promise<void>;
  /** SIGKILL to every process of a container, by its id. @throws ContainerdError */
  kill(id: string): Promise<void>;
  close(): void;
}

/** Asks containerd's own API which image a container was made from: container → image name → manifest digest. */
export function containerdRuntime(options: ContainerdOptions = {}): ContainerdRuntime {
  const socket = options.socket ?? '/run/containerd/containerd.sock';
  let line: Promise<Line> | undefined;
  const open = (): Promise<Line> => {
    line ??= lineTo(socket, options.timeoutMs ?? 2000);
    return line;
  };
  return {
    name: 'containerd',
    identify: async (cgroupPath) => {
      const asked = candidates(cgroupPath);
      // No socket: the containers of this node, if any, are somebody else's.
      if (asked.length === 0 || !existsSync(socket)) return undefined;
      const { client, describe } = await open();
      const found = await find(client, asked);
      return found === undefined ? undefined : await describe(found.namespace, found.container);
    },
    ready: async () => {
      if (!existsSync(socket)) return;
      const { client } = await open();
      await find(client, [{ id: 'nobody' }]);
    },
    kill: async (id) => {
      if (!existsSync(socket)) return;
      const { client } = await open();
      const found = await find(client, [{ id }]);
      if (found !== undefined) await client.killTask(found.namespace, id);
    },
    close: () => void line?.then(({ client }) => client.close()),
  };
}

interface Line {
  readonly client: ContainerdClient;
  readonly describe: ReturnType<typeof describer>;
}

/** Loaded where containerd's socket is there: grpc-js costs 10 MB on nodes that have another runtime. */
async function lineTo(socket: string, timeoutMs: number): Promise<Line> {
  const { containerdClient } = await import('./containerd/containerd-client.ts');
  const { describer } = await import('./containerd/describe.ts');
  const client = containerdClient(socket, timeoutMs);
  return { client, describe: describer(client) };
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
