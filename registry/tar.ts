import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { printable } from '../fingerprint/printable.ts';
import { RegistryError } from './errors.ts';

/** Manifest and layer of as many artefacts as an index may name, and the rest of a layout. */
const maxFiles = 2100;
/** All is held in memory until every digest is checked: nothing is written of a tar that is wrong at its end. */
export const maxTotalBytes = 256 << 20;
/** Headers, their extensions and padding: a tar that never ends is given up, however little it holds. */
const maxRawBytes = maxTotalBytes + (64 << 20);
/** All that a layout has. */
const pathForm = /^(?:oci-layout|index\.json|blobs\/sha256\/[0-9a-f]{64})$/;
const directoryForm = /^(?:|blobs|blobs\/sha256)$/;

/**
 * The files of an OCI layout in a tar, by path. Nothing is unpacked to disk, and only names that a layout has are
 * accepted, so there is no way out of a directory; links and devices are refused all the same.
 * @throws LAYOUT_UNSAFE, LAYOUT_TOO_LARGE, LAYOUT_SYNTAX
 */
export async function readTar(
  chunks: AsyncIterable<Uint8Array>,
  maxFileBytes: number,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  let total = 0;
  const tar = extract();
  const read = (async () => {
    for await (const entry of tar) {
      const { header } = entry;
      const path = safePath(header);
      if (path === undefined) {
        entry.resume();
        continue;
      }
      if (files.has(path)) throw new RegistryError('LAYOUT_UNSAFE', `the tar holds ${path} twice`);
      total += header.size ?? 0;
      if ((header.size ?? 0) > maxFileBytes || total > maxTotalBytes || files.size >= maxFiles)
        throw new RegistryError(
          'LAYOUT_TOO_LARGE',
          `the tar is larger than a bundle of fingerprints may be (at ${path})`,
        );
      files.set(path, await bytesOf(entry));
    }
  })();
  const fed = pipeline(Readable.from(bounded(chunks)), tar);
  const [reading, feeding] = await Promise.allSettled([read, fed]);
  const failure =
    reading.status === 'rejected'
      ? reading.reason
      : feeding.status === 'rejected'
        ? feeding.reason
        : undefined;
  if (failure === undefined) return files;
  throw explained(failure, feeding.status === 'rejected' ? feeding.reason : undefined);
}

async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > maxRawBytes)
      throw new RegistryError('LAYOUT_TOO_LARGE', 'the tar is larger than a bundle of fingerprints may be');
    yield chunk;
  }
}

/** Undefined for the directories of a layout. */
function safePath({ name, type }: Header): string | undefined {
  const path = name.replace(/^\.\//, '').replace(/\/$/, '');
  const shown = printable(name, 80);
  if (type === 'directory' && directoryForm.test(path === '.' ? '' : path)) return undefined;
  if (type !== 'file' && type !== 'contiguous-file')
    throw new RegistryError(
      'LAYOUT_UNSAFE',
      `the tar holds ${JSON.stringify(shown)}, which is not a plain file`,
    );
  if (!pathForm.test(path) || name.endsWith('/'))
    throw new RegistryError(
      'LAYOUT_UNSAFE',
      `the tar holds ${JSON.stringify(shown)}, which no OCI layout has`,
    );
  return path;
}

/** The streams of tar-stream are typed as anything; they give bytes. */
export async function bytesOf(stream: AsyncIterable<unknown>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) if (part instanceof Uint8Array) parts.push(part);
  return Buffer.concat(parts);
}

/** Ours says more than what the streams make of it; a file that could not be read is not the tar's fault. */
function explained(reading: unknown, feeding: unknown): unknown {
  for (const error of [reading, feeding]) if (error instanceof RegistryError) return error;
  const isTar = reading instanceof Error && /tar|header|unexpected end|premature/i.test(reading.message);
  if (!isTar) return feeding ?? reading;
  return new RegistryError('LAYOUT_SYNTAX', 'the file is not a whole tar', {
    hint: 'copy it again',
    cause: reading,
  });
}
