import { existsSync } from 'node:fs';
import type { ContainerRef } from '../../fingerprint/event.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import type { ContainerRuntime } from '../ports.ts';
import { type Candidate, candidates, usualNamespaces } from './containerd/container-id.ts';
import {
  type Container,
  type ContainerdClient,
  ContainerdError,
  containerdClient,
  type Descriptor,
} from './containerd/containerd-client.ts';

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
  return {
    name: 'containerd',
    identify: async (cgroupPath) => {
      const asked = candidates(cgroupPath);
      // No socket: the containers of this node, if any, are somebody else's.
      if (asked.length === 0 || !existsSync(socket)) return undefined;
      const found = await find(client, asked);
      return found === undefined ? undefined : await describe(client, found.namespace, found.container);
    },
    kill: async (id) => {
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

async function describe(
  client: ContainerdClient,
  namespace: string,
  container: Container,
): Promise<ContainerRef> {
  const { id, image, labels } = container;
  const digest = image === '' ? undefined : await manifestDigest(client, namespace, image);
  const pod = labels['io.kubernetes.pod.name'];
  const podNamespace = labels['io.kubernetes.pod.namespace'];
  const name = labels['io.kubernetes.container.name'];
  return {
    id,
    ...(name === undefined ? {} : { name }),
    ...(image === '' ? {} : { image: withoutDigest(image) }),
    ...(digest === undefined ? {} : { digest }),
    ...(podNamespace === undefined ? {} : { namespace: podNamespace }),
    ...(pod === undefined ? {} : { pod }),
  };
}

/** @returns undefined when the image was removed under the running container: then nobody knows its digest for sure. */
async function manifestDigest(
  client: ContainerdClient,
  namespace: string,
  image: string,
): Promise<string | undefined> {
  const target = await client.imageTarget(namespace, image);
  if (target === undefined) return undefined;
  return isIndex(target.media_type) ? await ofThisPlatform(client, namespace, target) : target.digest;
}

function isIndex(mediaType: string): boolean {
  return (
    mediaType === 'application/vnd.oci.image.index.v1+json' ||
    mediaType === 'application/vnd.docker.distribution.manifest.list.v2+json'
  );
}

/** A list of thirty platforms with attestations is some 20 KB. */
const maxIndexBytes = 1024 * 1024;
const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: '386',
};

/** An image for several platforms: the identity is the manifest that runs here, not the list. */
async function ofThisPlatform(
  client: ContainerdClient,
  namespace: string,
  target: Descriptor,
): Promise<string | undefined> {
  const blob = await client.content(namespace, target.digest, maxIndexBytes);
  if (blob === undefined) return undefined;
  const wanted = architectures[process.arch] ?? process.arch;
  const manifests = manifestsOf(parseJson(blob, { bytes: maxIndexBytes }));
  return manifests.find((m) => m.os === 'linux' && m.architecture === wanted)?.digest;
}

function manifestsOf(index: unknown): { digest: string; os: unknown; architecture: unknown }[] {
  if (!isObject(index) || !Array.isArray(index.manifests)) {
    throw new ContainerdError('unexpected', 'an image index of containerd lists no manifests');
  }
  return index.manifests.flatMap((m: unknown) =>
    isObject(m) && typeof m.digest === 'string' && isObject(m.platform)
      ? [{ digest: m.digest, os: m.platform.os, architecture: m.platform.architecture }]
      : [],
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** `registry:5000/app:v1@sha256:…` → `registry:5000/app:v1`. */
function withoutDigest(image: string): string {
  return image.replace(/@sha256:[0-9a-f]{64}$/, '');
}
