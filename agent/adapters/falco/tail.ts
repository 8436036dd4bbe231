import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { printable } from '../../../fingerprint/printable.ts';
import { SourceError } from '../../ports/source.ts';
import { maxLineBytes } from './line-cutter.ts';
import type { FilePlace } from './place-file.ts';

const newline = 0x0a;
const pieceBytes = 256 << 10;
/** Of what was read last, to know the file again: an alert ends with its time in nanoseconds. */
const tailBytes = 64;

export interface TailTaker {
  /** Whole lines, each with its end; the bytes are used again. */
  readonly lines: (bytes: Uint8Array) => void;
  readonly tooLong: () => void;
}

/** One open file that grows, read line by line from a place on. */
export class Tail {
  readonly #fd: number;
  readonly dev: number;
  readonly ino: number;
  #offset: number;
  #tail: Buffer;
  #buffer = Buffer.allocUnsafe(pieceBytes);
  #skipping = false;

  /** @throws SourceError for what is no file of Falco's alone; the system's error */
  constructor(path: string) {
    this.#fd = openFile(path);
    const { dev, ino } = fstatSync(this.#fd);
    this.dev = dev;
    this.ino = ino;
    this.#offset = 0;
    this.#tail = Buffer.alloc(0);
  }

  get place(): FilePlace {
    return { dev: this.dev, ino: this.ino, offset: this.#offset, tail: this.#tail.toString('hex') };
  }

  get size(): number {
    return fstatSync(this.#fd).size;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Goes on where somebody stopped. @returns false: this is not the file they read, or not all of it is there */
  resume({ dev, ino, offset, tail }: FilePlace): boolean {
    if (dev !== this.dev || ino !== this.ino || offset > this.size) return false;
    this.#offset = offset;
    this.#tail = Buffer.from(tail, 'hex');
    if (this.#isSame()) return true;
    this.rewind();
    return false;
  }

  rewind(): void {
    this.#offset = 0;
    this.#tail = Buffer.alloc(0);
    this.#skipping = false;
  }

  /** What is there already is not read: from the next line on. */
  toEnd(): void {
    const size = this.size;
    this.#offset = size;
    this.#tail = this.#read(size - Math.min(size, tailBytes), Math.min(size, tailBytes));
    // In the middle of a line the rest of it is passed over.
    this.#skipping = size > 0 && this.#tail.at(-1) !== newline;
  }

  /**
   * Reads a piece.
   *
   * @returns how it went: `more` may be there, all was read (`end`), or the file was cut since (`cut`): then the next one
   *   begins at its start
   */
  read(taker: TailTaker): 'more' | 'end' | 'cut' {
    const size = this.size;
    if (size === this.#offset) return 'end';
    if (size < this.#offset || !this.#isSame()) {
      this.rewind();
      return 'cut';
    }
    const length = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, this.#offset);
    const piece = this.#buffer.subarray(0, length);
    if (this.#skipping) return this.#skip(piece);
    const end = piece.lastIndexOf(newline) + 1;
    if (end === 0) return this.#grow(length, taker);
    taker.lines(piece.subarray(0, end));
    this.#advance(piece, end);
    return length === this.#buffer.length || end < length ? 'more' : 'end';
  }

  #skip(piece: Buffer): 'more' | 'end' {
    const end = piece.indexOf(newline) + 1;
    this.#skipping = end === 0;
    this.#advance(piece, end === 0 ? piece.length : end);
    return piece.length === 0 ? 'end' : 'more';
  }

  /** A line that is not whole yet, or one that fills the buffer. */
  #grow(length: number, { tooLong }: TailTaker): 'more' | 'end' {
    if (length < this.#buffer.length) return 'end';
    if (length > maxLineBytes) {
      this.#skipping = true;
      tooLong();
    } else this.#buffer = Buffer.allocUnsafe(this.#buffer.length * 2);
    return 'more';
  }

  #advance(piece: Buffer, by: number): void {
    this.#offset += by;
    this.#tail = Buffer.from(
      Buffer.concat([this.#tail, piece.subarray(Math.max(0, by - tailBytes), by)]).subarray(-tailBytes),
    );
  }

  /** A file that was cut and has grown again is as long as before, and another. */
  #isSame(): boolean {
    const length = this.#tail.length;
    return this.#read(this.#offset - length, length).equals(this.#tail);
  }

  #read(from: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    const read = length === 0 ? 0 : readSync(this.#fd, bytes, 0, length, from);
    return bytes.subarray(0, read);
  }
}

/** At every opening, since what has the name now need not be what had it before. */
function openFile(path: string): number {
  // A pipe would wait for its writer, and the whole agent with it.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const refused = refusalOf(path, fstatSync(fd));
  if (refused === undefined) return fd;
  closeSync(fd);
  throw refused;
}

function refusalOf(path: string, stat: Stats): SourceError | undefined {
  if (!stat.isFile())
    return new SourceError(
      'wrong-service',
      `${printable(path)} is no file; ${stat.isFIFO() ? 'say fifo: for a pipe' : 'correct sourceAddress'}`,
    );
  if ((stat.mode & 0o002) !== 0)
    return new SourceError(
      'no-permission',
      `everybody may write to ${printable(path)}, so everybody could speak as Falco; chmod o-w it`,
    );
  return undefined;
}
