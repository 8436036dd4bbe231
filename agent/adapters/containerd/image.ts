import { parseJson } from '../../../fingerprint/strict-json.ts';
import { isObject, textsOf } from '../oci/json.ts';
import { checkOf } from '../oci/told.ts';
import type { ContainerdClient, Descriptor } from './containerd-client.ts';
import { ContainerdError } from './containerd-error.ts';

/** A list of thirty platforms with attestations is some 20 KB, a manifest of a hundred layers 20 KB, a configuration less. */
const maxBlobBytes = 1024 * 1024;
const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: '386',
};

/** @returns undefined when the image was removed under the running container: then nobody knows its digest for sure. */
export async function manifestDigest(
  client: ContainerdClient,
  namespace: string,
  image: string,
): Promise<string | undefined> {
  const target = await client.imageTarget(namespace, image);
  if (target === undefined) return undefined;
  return isIndex(target.media_type) ? await ofThisPlatform(client, namespace, target) : target.digest;
}

/** What an image says of itself. */
export interface ImageTold {
  /** The command by which it says that it is well, as Docker writes it into the configuration. */
  readonly check?: readonly string[];
  /** Absent when its configuration cannot be read. */
  readonly labels?: Readonly<Record<string, string>>;
}

export async function imageTold(
  client: ContainerdClient,
  namespace: string,
  digest: string,
): Promise<ImageTold> {
  const manifest = await json(client, namespace, digest);
  const config = isObject(manifest) && isObject(manifest.config) ? manifest.config.digest : undefined;
  if (typeof config !== 'string') return {};
  const image = await json(client, namespace, config);
  const section = isObject(image) ? (image.config ?? image.Config) : undefined;
  if (!isObject(section)) return {};
  const { Healthcheck: health, Labels: given } = section;
  const check = checkOf(health);
  return { ...(check === undefined ? {} : { check }), labels: textsOf(given) };
}

function isIndex(mediaType: string): boolean {
  return (
    mediaType === 'application/vnd.oci.image.index.v1+json' ||
    mediaType === 'application/vnd.docker.distribution.manifest.list.v2+json'
  );
}

/** An image for several platforms: the identity is the manifest that runs here, not the list. */
async function ofThisPlatform(
  client: ContainerdClient,
  namespace: string,
  target: Descriptor,
): Promise<string | undefined> {
  const index = await json(client, namespace, target.digest);
  if (index === undefined) return undefined;
  const wanted = architectures[process.arch] ?? process.arch;
  return manifestsOf(index).find((m) => m.os === 'linux' && m.architecture === wanted)?.digest;
}

async function json(client: ContainerdClient, namespace: string, digest: string): Promise<unknown> {
  const blob = await client.content(namespace, digest, maxBlobBytes);
  return blob === undefined ? undefined : parseJson(blob, { bytes: maxBlobBytes });
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
