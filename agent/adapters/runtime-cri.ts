import { existsSync } from 'node:fs';
import type { ContainerRuntime } from '../ports/containers.ts';
import { containerId } from './cri/container-id.ts';
import type { CriClient } from './cri/cri-client.ts';

export interface CriOptions {
  /** The one that was named. Undefined: where CRI-O, k3s and containerd listen is tried, as far as somebody is there. */
  readonly socket?: string;
  /** Of each call; default 2000. */
  readonly timeoutMs?: number;
}

export interface CriRuntime extends ContainerRuntime {
  /** SIGKILL to every process of a container, by its id. @throws CriError */
  kill(id: string): Promise<void>;
  close(): void;
}

const usualSockets = [
  '/var/run/crio/crio.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/containerd/containerd.sock',
] as const;

/**
 * Asks a runtime over the interface by which kubelet runs containers: CRI-O's only one. It says less than containerd's
 * own, which is asked before it: of an image for several platforms it may name the list instead of the manifest that
 * runs, and it knows no layers.
 */
export function criRuntime({ socket, timeoutMs = 2000 }: CriOptions = {}): CriRuntime {
  const clients = new Map<string, Promise<CriClient>>();
  const clientOf = (path: string): Promise<CriClient> => {
    const open = clients.get(path) ?? clientAt(path, timeoutMs);
    clients.set(path, open);
    return open;
  };
  // No socket: the containers of this node, if any, are somebody else's.
  const present = (): Promise<readonly CriClient[]> =>
    Promise.all(
      (socket === undefined ? usualSockets : [socket]).filter((path) => existsSync(path)).map(clientOf),
    );
  return {
    name: 'cri',
    identify: async (cgroupPath) => {
      const id = containerId(cgroupPath);
      if (id === undefined) return undefined;
      return await each(await present(), socket === undefined, async (client) => {
        const container = await client.container(id);
        if (container === undefined) return undefined;
        const { describe } = await import('./cri/describe.ts');
        return await describe(client, id, container);
      });
    },
    kill: async (id) => {
      await each(await present(), socket === undefined, (client) => client.stop(id));
    },
    close: () => {
      for (const client of clients.values()) void client.then((open) => open.close());
    },
  };
}

/** Loaded when somebody is there: grpc-js costs 10 MB on nodes that have another runtime. */
async function clientAt(path: string, timeoutMs: number): Promise<CriClient> {
  const { criClient } = await import('./cri/cri-client.ts');
  return criClient(path, timeoutMs);
}

/**
 * What the first answers that has one.
 *
 * @param mayBeNone nobody said that a CRI is spoken there: Docker's containerd speaks none
 * @throws CriError when nobody has and one of them does not answer: it may be that one's
 */
async function each<T>(
  clients: readonly CriClient[],
  mayBeNone: boolean,
  ask: (client: CriClient) => Promise<T | undefined>,
): Promise<T | undefined> {
  let failure: unknown;
  for (const client of clients) {
    try {
      const answer = await ask(client);
      if (answer !== undefined) return answer;
    } catch (error) {
      const isNone = error instanceof Error && 'code' in error && error.code === 'no-cri' && mayBeNone;
      if (!isNone) failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}
