import { randomBytes } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError, exitCodes } from './exit.ts';
import type { WriteOptions } from './io.ts';
import { fileName } from './read-file.ts';
import { explainSystemError } from './system-error.ts';

/** See `Io.writeFile`. `link` instead of `rename` where nothing may be replaced: it fails when the name is taken. */
export async function writeFile(
  path: string,
  bytes: Uint8Array | string,
  options: WriteOptions = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(temporary, 'wx', options.mode ?? 0o644);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (options.overwrite === true) await rename(temporary, path);
    else await link(temporary, path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new CliError(
        exitCodes.usage,
        `${fileName(path)} exists already and is not replaced`,
        'name another file or remove it first',
      );
    }
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new CliError(
        exitCodes.usage,
        `cannot write ${fileName(path)}: there is no such directory`,
        'make it first, or name another file',
        { cause: error },
      );
    }
    throw explainSystemError(error, `cannot write ${fileName(path)}`) ?? error;
  } finally {
    await rm(temporary, { force: true });
  }
}
