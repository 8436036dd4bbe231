import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type Delivery,
  type Notice,
  type Notifier,
  type NotifierKind,
  noticeText,
} from '../ports/notifier.ts';

export interface JsonLinesOptions {
  /** One line, for stdout. */
  readonly out: (line: string) => void;
  /** Something else writes lines to stdout: notices must not be mixed into them. */
  readonly isStdoutTaken: boolean;
}

/** One JSON object a line, appended to a file or printed. */
export function jsonLines({ out, isStdoutTaken }: JsonLinesOptions): NotifierKind {
  return {
    type: 'jsonlines',
    open: (settings) => {
      const path = settings.text('path', 'a file, or - for stdout');
      const sync = settings.flag('sync', true);
      if (path === '') return undefined;
      if (path !== '-') return new FileLines(path, sync);
      if (isStdoutTaken) settings.problem('path', 'is stdout, where eventsJson prints; name a file');
      return { deliver: async (notice) => print(out, notice) };
    },
  };
}

function print(out: (line: string) => void, notice: Notice): Delivery {
  out(noticeText(notice));
  return { result: 'delivered' };
}

const newline = 10;

/**
 * Whole lines at the end of a file, one after the other. It is opened for each: the file may be renamed or removed at any
 * time (log rotation), and the next line goes into a new one. With `sync` a line that counts as delivered survives a
 * power cut.
 */
class FileLines implements Notifier {
  readonly #path: string;
  readonly #sync: boolean;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, sync: boolean) {
    this.#path = path;
    this.#sync = sync;
  }

  deliver(notice: Notice): Promise<Delivery> {
    const turn = this.#last.then(() => this.#append(`${noticeText(notice)}\n`));
    this.#last = turn;
    return turn;
  }

  async #append(line: string): Promise<Delivery> {
    const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
    try {
      // A link could lead into a file of somebody else's choosing, and a pipe nobody reads would hang.
      const file = await open(this.#path, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0o600);
      try {
        const isNew = await endLine(file);
        await file.appendFile(line);
        if (this.#sync) await file.datasync();
        if (this.#sync && isNew) await syncDirectory(dirname(this.#path));
      } finally {
        await file.close();
      }
      return { result: 'delivered' };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
      return { result: 'retry', reason: `${this.#path} cannot be written (${code})` };
    }
  }
}

/**
 * A line that was cut off by a crash or a full disk must not swallow the next.
 * @returns whether the file is empty
 */
async function endLine(file: FileHandle): Promise<boolean> {
  const info = await file.stat();
  if (!info.isFile()) throw Object.assign(new Error('not a file'), { code: 'it is not a regular file' });
  if (info.size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, info.size - 1);
  if (buffer[0] !== newline) await file.appendFile('\n');
  return false;
}

/** Without it a power cut could take the new name away, and the line with it. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
