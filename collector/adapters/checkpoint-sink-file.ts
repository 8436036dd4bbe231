import { type FileHandle, open } from 'node:fs/promises';
import { splitNotes } from '../../fingerprint/checkpoint.ts';
import type { CheckpointSink } from '../ports/audit.ts';

/** Enough for the last note whatever witnesses signed it. */
const tailBytes = 64 * 1024;

/**
 * Checkpoints appended to a file, each synced: on another disk, a write-once mount, a log that is shipped. What a power
 * cut left of an append is cut off before the next one, so that every note in the file is whole.
 */
export class FileSink implements CheckpointSink {
  readonly name: string;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.name = `file:${path}`;
  }

  async publish(note: string): Promise<void> {
    try {
      // For others to read: a checkpoint holds no secret, and is worth what others know of it.
      const file = await open(this.#path, 'a+', 0o644);
      try {
        const { size, rest } = await tailOf(file);
        if (rest > 0) await file.truncate(size - rest);
        await file.write(`${note}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  async last(): Promise<string | undefined> {
    try {
      const file = await open(this.#path, 'r');
      try {
        return (await tailOf(file)).last;
      } finally {
        await file.close();
      }
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw unwritable(this.#path, error);
    }
  }
}

/** `rest`: bytes behind the last whole note. */
async function tailOf(file: FileHandle): Promise<{ size: number; rest: number; last?: string }> {
  const { size } = await file.stat();
  const length = Math.min(size, tailBytes);
  if (length === 0) return { size, rest: 0 };
  const from = size - length;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
  // A longer file is read from within a note: from the next line on, so that no character is cut.
  const start = from === 0 ? 0 : buffer.indexOf(10) + 1;
  const text = buffer.toString('utf8', start, bytesRead);
  const { notes, rest } = splitNotes(text);
  const last = notes.at(-1);
  const whole = Buffer.byteLength(text.slice(0, text.length - rest.length));
  return { size, rest: bytesRead - start - whole, ...(last === undefined ? {} : { last }) };
}

function unwritable(path: string, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new Error(`${path} does not take checkpoints: ${code}; check its directory, owner and free space`, {
    cause,
  });
}
