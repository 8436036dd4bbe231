import { pack } from 'tar-stream';
import { canonicalBytes } from '../fingerprint/canonical.ts';
import { describe, digestOf } from './artefact.ts';
import { type Descriptor, maxDescriptors, parseIndex, parseManifest } from './documents.ts';
import { RegistryError } from './errors.ts';
import { emptyBlob, maxEnvelopeBytes, maxManifestBytes, ociIndex, ociManifest } from './media-types.ts';
import { bytesOf, maxTotalBytes, readTar } from './tar.ts';

/** One artefact on its way over an air gap, with the repository it belongs to. */
export interface Carried {
  /** Registry and repository it was saved from. */
  readonly name: string;
  readonly manifest: Uint8Array;
  readonly layer: Uint8Array;
}

const nameKey = 'whorl.dev/name';
/** By which skopeo and its kin choose one of several. */
const referenceKey = 'org.opencontainers.image.ref.name';
const layoutText = '{"imageLayoutVersion":"1.0.0"}';
const source = 'the tar';

/** An OCI image layout in one tar: the same artefacts are the same bytes, whenever and in whatever order they were got. */
export async function packLayout(items: readonly Carried[]): Promise<Uint8Array> {
  const entries = new Map(items.map((item) => [`${item.name} ${digestOf(item.manifest)}`, item]));
  if (entries.size > maxDescriptors) {
    throw new RegistryError('LAYOUT_TOO_LARGE', `${entries.size} artefacts are more than one tar may hold`, {
      hint: `save at most ${maxDescriptors} at once`,
    });
  }
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
  const blobs = new Map(
    [emptyBlob, ...sorted.flatMap((item) => [item.manifest, item.layer])].map((bytes) => [
      digestOf(bytes),
      bytes,
    ]),
  );
  const total = [...blobs.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  // Nobody could load it.
  if (total > maxTotalBytes - maxManifestBytes)
    throw new RegistryError('LAYOUT_TOO_LARGE', `${total} bytes are more than one tar may hold`, {
      hint: 'save fewer images at once',
    });
  const index = canonicalBytes({ schemaVersion: 2, mediaType: ociIndex, manifests: sorted.map(entryFor) });
  const files: [string, Uint8Array][] = [
    ['oci-layout', new TextEncoder().encode(layoutText)],
    ['index.json', index],
    ...[...blobs]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([digest, bytes]): [string, Uint8Array] => [pathOf(digest), bytes]),
  ];
  return tarOf(files);
}

function entryFor({ name, manifest }: Carried): object {
  const { artifactType } = parseManifest(manifest, source);
  const described = describe(manifest);
  return {
    ...described,
    ...(artifactType === undefined ? {} : { artifactType }),
    annotations: { [nameKey]: name, [referenceKey]: described.digest.replace(':', '-') },
  };
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

async function tarOf(files: readonly (readonly [string, Uint8Array])[]): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, bytes] of files) {
    tar.entry({ name, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 }, Buffer.from(bytes));
  }
  tar.finalize();
  return bytesOf(tar);
}

/**
 * Reads what `packLayout` wrote, or anybody: every file is one that a layout has, every blob has the digest it is named
 * by, everything the index names is there. @throws LAYOUT_SYNTAX, LAYOUT_UNSAFE, LAYOUT_TOO_LARGE, LAYOUT_DIGEST
 */
export async function readLayout(chunks: AsyncIterable<Uint8Array>): Promise<readonly Carried[]> {
  const files = await readTar(chunks, Math.max(maxManifestBytes, maxEnvelopeBytes));
  const layout = files.get('oci-layout');
  const index = files.get('index.json');
  if (layout === undefined || index === undefined || !isLayout(layout))
    throw new RegistryError('LAYOUT_SYNTAX', 'the tar is no OCI image layout of version 1', {
      hint: 'give the file that whorl save wrote',
    });
  for (const [path, bytes] of files) assertDigest(path, bytes);
  return inLayout(() => parseIndex(index, source)).map((entry) => carriedIn(entry, files));
}

function isLayout(bytes: Uint8Array): boolean {
  return /"imageLayoutVersion"\s*:\s*"1\.\d+\.\d+"/.test(new TextDecoder().decode(bytes.subarray(0, 1024)));
}

function assertDigest(path: string, bytes: Uint8Array): void {
  if (path === 'oci-layout' || path === 'index.json' || path === pathOf(digestOf(bytes))) return;
  throw new RegistryError('LAYOUT_DIGEST', `${path} of the tar does not have the digest it is named by`, {
    hint: 'copy the tar again; if it stays so, somebody changed it',
  });
}

function carriedIn(entry: Descriptor, files: ReadonlyMap<string, Uint8Array>): Carried {
  const name = entry.annotations?.[nameKey];
  if (entry.mediaType !== ociManifest || name === undefined)
    throw new RegistryError('LAYOUT_SYNTAX', 'the tar holds something that whorl save did not write');
  const manifest = blobIn(files, entry.digest);
  const { layers, subject } = inLayout(() => parseManifest(manifest, source));
  const [layer, ...more] = layers;
  if (layer === undefined || more.length > 0 || subject === undefined)
    throw new RegistryError(
      'LAYOUT_SYNTAX',
      `${entry.digest} of the tar is no artefact with one layer and a subject`,
    );
  return { name, manifest, layer: blobIn(files, layer.digest) };
}

function blobIn(files: ReadonlyMap<string, Uint8Array>, digest: string): Uint8Array {
  const bytes = files.get(pathOf(digest));
  if (bytes === undefined)
    throw new RegistryError('LAYOUT_SYNTAX', `the tar names ${digest} and does not hold it`, {
      hint: 'copy it again',
    });
  return bytes;
}

/** The readers of registry documents say what is wrong; here it is a file that is. */
function inLayout<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new RegistryError('LAYOUT_SYNTAX', error.message, { cause: error });
  }
}
