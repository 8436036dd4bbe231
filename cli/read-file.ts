import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { PassThrough, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { printable } from '../fingerprint/printable.ts';
import { CliError, exitCodes } from './exit.ts';
import { explainSystemError } from './system-error.ts';

/** How a file is called in a sentence. */
export function fileName(path: string): string {
  return path === '-' ? 'stdin' : printable(path, 200);
}

/** See `Io.readFile`. Reads at most one byte more than allowed, so that a sparse or endless file costs nothing. */
export async function readFile(path: string, options: { readonly maxBytes: number }): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of rawChunks(path, options.maxBytes)) {
    length += part.length;
    if (length > options.maxBytes) throw tooLarge(path, options.maxBytes);
    parts.push(part);
  }
  if (length === 0)
    throw new CliError(exitCodes.usage, `${fileName(path)} is empty`, 'check that it was written to the end');
  return Buffer.concat(parts, length);
}

/** See `Io.readChunks`. */
export async function* readChunks(path: string): AsyncIterable<Uint8Array> {
  const source = rawChunks(path)[Symbol.asyncIterator]();
  const first = await source.next();
  if (first.done === true)
    throw new CliError(exitCodes.usage, `${fileName(path)} is empty`, 'check that it was written to the end');
  const rest = resume(first.value, source);
  if (first.value[0] === 0x1f && first.value[1] === 0x8b) yield* unpacked(rest, path);
  else yield* rest;
}

async function* resume(first: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
  } finally {
    await source.return?.();
  }
}

async function* unpacked(packed: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const feed = feedInto(packed, gunzip);
  try {
    for await (const part of gunzip) yield asBytes(part);
    await feed;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      exitCodes.usage,
      `${fileName(path)} is not whole gzip: it is truncated or damaged`,
      'copy or record it again',
      {
        cause: error,
      },
    );
  }
}

async function feedInto(
  parts: AsyncIterable<Uint8Array>,
  target: NodeJS.WritableStream & { destroy(e: Error): void },
): Promise<void> {
  try {
    for await (const part of parts) {
      if (!target.write(part)) await new Promise<void>((resolve) => target.once('drain', resolve));
    }
    target.end();
  } catch (error) {
    target.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** The bytes of a file, a pipe or stdin. With `maxBytes` a regular file is refused by its size before it is read. */
async function* rawChunks(path: string, maxBytes?: number): AsyncGenerator<Uint8Array> {
  try {
    if (path !== '-') await assertReadable(path, maxBytes);
    const stream: Readable = path === '-' ? process.stdin.pipe(new PassThrough()) : createReadStream(path);
    for await (const part of stream) yield asBytes(part);
  } catch (error) {
    throw explainSystemError(error, `cannot read ${fileName(path)}`) ?? error;
  }
}

async function assertReadable(path: string, maxBytes: number | undefined): Promise<void> {
  const about = await stat(path);
  if (about.isDirectory()) {
    throw new CliError(
      exitCodes.usage,
      `${fileName(path)} is a directory, expected a file`,
      'name a file in it',
    );
  }
  if (about.isFile() && maxBytes !== undefined && about.size > maxBytes) throw tooLarge(path, maxBytes);
  // Opened once on its own: permission is told here, in words, not by a stream's event.
  const handle = about.isFile() ? await open(path, 'r') : undefined;
  await handle?.close();
}

function tooLarge(path: string, maxBytes: number): CliError {
  const limit = maxBytes >= 1 << 20 ? `${Math.floor(maxBytes / (1 << 20))} MiB` : `${maxBytes} bytes`;
  return new CliError(
    exitCodes.usage,
    `${fileName(path)} is larger than ${limit}, the most this file may have`,
    'check that it is the right file',
  );
}

function asBytes(part: unknown): Uint8Array {
  return part instanceof Uint8Array ? part : Buffer.from(String(part));
}
