import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const chunkBytes = 256 * 1024;
/** One pair for all: nothing here is left before it is done. */
const [ours, theirs] = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)];

/**
 * Compares an open file with one of an image's layers.
 *
 * @returns the SHA-256 of both, lower hex, or undefined when they differ or cannot be read.
 */
export function sameBytes(fd: number, size: number, path: string): string | undefined {
  let other: number | undefined;
  try {
    other = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stat = fstatSync(other);
    if (!stat.isFile() || stat.size !== size) return undefined;
    const hash = createHash('sha256');
    for (let at = 0; at < size; ) {
      const read = readSync(fd, ours, 0, chunkBytes, at);
      if (read === 0 || readSync(other, theirs, 0, read, at) !== read) return undefined;
      const part = ours.subarray(0, read);
      if (!part.equals(theirs.subarray(0, read))) return undefined;
      hash.update(part);
      at += read;
    }
    return hash.digest('hex');
  } catch {
    return undefined;
  } finally {
    if (other !== undefined) closeSync(other);
  }
}
