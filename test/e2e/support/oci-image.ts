import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Sorted, without times and owners: the same folder gives the same digest every time. */
const sorted = ['--sort=name', '--numeric-owner', '--format=gnu'];
const reproducible = [...sorted, '--mtime=@0', '--owner=0', '--group=0'];
const maxLayerBytes = 1 << 30;

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

export interface OciImage {
  readonly name: string;
  /** `sha256:…` of the manifest: the identity of what runs. */
  readonly digest: string;
  /** The archive, for `ctr image import`. */
  readonly archive: string;
}

export interface ImageOptions {
  readonly name: string;
  readonly entrypoint: readonly string[];
  /** Wraps the manifest in an index for two platforms, as registries give it for most images. */
  readonly multiPlatform?: boolean;
  /** Files keep their users and times, as in images built elsewhere; compiled Python is stale without. */
  readonly keepMetadata?: boolean;
  readonly env?: readonly string[];
  /** As Docker writes it: `CMD` or `CMD-SHELL`, then the command. */
  readonly healthcheck?: readonly string[];
}

/** Makes an OCI archive of one layer from a folder, with neither registry nor builder. */
export function ociImage(rootfs: string, archive: string, options: ImageOptions): OciImage {
  const dir = mkdtempSync(join(tmpdir(), 'whorl-oci-'));
  try {
    const put = (bytes: Buffer): Descriptor => putBlob(dir, bytes);
    const manifest = putManifest(put, layerOf(rootfs, options.keepMetadata === true), options);
    const annotations = { 'io.containerd.image.name': options.name };
    const platform = { architecture: 'amd64', os: 'linux' };
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const here = { mediaType: type, ...manifest, platform };
    const elsewhere = {
      mediaType: type,
      ...manifest,
      digest: `sha256:${'0'.repeat(64)}`,
      platform: { architecture: 's390x', os: 'linux' },
    };
    const inner = json({ schemaVersion: 2, mediaType: indexType, manifests: [elsewhere, here] });
    const top =
      options.multiPlatform === true
        ? { mediaType: indexType, ...put(inner), annotations }
        : { ...here, annotations };
    writeFileSync(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(dir, 'index.json'), json({ schemaVersion: 2, manifests: [top] }));
    execFileSync('tar', [...reproducible, '-C', dir, '-cf', archive, 'oci-layout', 'index.json', 'blobs']);
    return { name: options.name, digest: manifest.digest, archive };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
const indexType = 'application/vnd.oci.image.index.v1+json';

function layerOf(rootfs: string, keepMetadata: boolean): Buffer {
  const args = [...(keepMetadata ? sorted : reproducible), '-C', rootfs, '-cf', '-', '.'];
  return execFileSync('tar', args, { maxBuffer: maxLayerBytes });
}

function putManifest(
  put: (bytes: Buffer) => Descriptor,
  layer: Buffer,
  { entrypoint, env = ['PATH=/bin'], healthcheck }: ImageOptions,
): Descriptor {
  const layerDescriptor = put(gzipSync(layer, { level: 6 }));
  const config = put(
    json({
      created: '1970-01-01T00:00:00Z',
      architecture: 'amd64',
      os: 'linux',
      config: {
        Env: env,
        Entrypoint: entrypoint,
        ...(healthcheck === undefined ? {} : { Healthcheck: { Test: healthcheck } }),
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created: '1970-01-01T00:00:00Z', created_by: 'oci-image' }],
    }),
  );
  return put(
    json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...layerDescriptor }],
    }),
  );
}

function putBlob(dir: string, bytes: Buffer): Descriptor {
  const digest = sha256(bytes);
  mkdirSync(join(dir, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(dir, 'blobs/sha256', digest), bytes);
  return { digest: `sha256:${digest}`, size: bytes.length };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
