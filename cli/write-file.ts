import { randomBytes } from 'node:crypto';
import { appendFile, link, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError, exitCodes } from './exit.ts';
import type { WriteOptions } from './io.ts';
import { fileName } from './read-file.ts';
import { assertReplaceable, maxDocumentBytes } from './replaceable.ts';
import { explainSystemError } from './system-error.ts';

/**
 * See `Io.writeFile`. `link` instead of `rename` where nothing may be replaced: it fails when the name is taken. A device,
 * pipe or link is written to, never replaced: root's `--out /dev/null` must not leave the machine without one.
 */
export async function writeFile(
  path: string,
  bytes: Uint8Array | string,
  options: WriteOptions = {},
): Promise<void> {
  await write(path, [bytes], Buffer.from(bytes), options);
}

/** See `Io.writeChunks`. */
export async function writeChunks(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  await write(path, chunks, new Uint8Array(), options);
}

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array | string>;

/** @param next what will stand there, as far as it is known before */
async function write(path: string, chunks: Chunks, next: Uint8Array, options: WriteOptions): Promise<void> {
  try {
    const target = options.overwrite === true ? await standing(path) : undefined;
    if (target?.isFile === false) for await (const chunk of chunks) await appendFile(path, chunk);
    else {
      if (target !== undefined) await assertLosesNothing(target, path, next);
      await writeWhole(target?.path ?? path, chunks, options);
    }
  } catch (error) {
    throw explained(error, path);
  }
}

interface Standing {
  readonly path: string;
  readonly isFile: boolean;
  readonly size: number;
}

/** What stands at the end of the path already, links followed. */
async function standing(path: string): Promise<Standing | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  const { size } = found;
  return found.isFile() ? { path: await realpath(path), isFile: true, size } : { path, isFile: false, size };
}

async function assertLosesNothing(target: Standing, path: string, next: Uint8Array): Promise<void> {
  if (target.size > maxDocumentBytes) return;
  assertReplaceable(path, await readFile(target.path), next);
}

async function writeWhole(path: string, chunks: Chunks, options: WriteOptions): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(temporary, 'wx', options.mode ?? 0o644);
    try {
      for await (const chunk of chunks) await handle.writeFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (options.overwrite === true) await rename(temporary, path);
    else await link(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

function explained(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EEXIST') {
    return new CliError(
      exitCodes.usage,
      `${fileName(path)} exists already and is not replaced`,
      'name another file or remove it first',
    );
  }
  if (code === 'ENOENT') {
    return new CliError(
      exitCodes.usage,
      `cannot write ${fileName(path)}: there is no such directory`,
      'make it first, or name another file',
      { cause: error },
    );
  }
  return explainSystemError(error, `cannot write ${fileName(path)}`) ?? error;
}
