import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

/** How far a file was read. */
export interface FilePlace {
  readonly dev: number;
  readonly ino: number;
  /** After the last whole line that was judged. */
  readonly offset: number;
  /** The bytes before it, as hex: an inode may come back as another file. */
  readonly tail: string;
}

/** Fixed, so that a write is one write within one page, and never leaves half of the last one. */
const length = 256;

/**
 * Remembers a place. Written after each piece that was judged, in place and without waiting for the disk: what survives
 * is what a killed process leaves, not what a power cut does. Then the place is older, or none.
 */
export class PlaceFile {
  readonly #path: string;
  #fd: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  read(): FilePlace | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'latin1');
    } catch {
      // The first start. One that cannot be read is none either: said by whoever begins anew.
      return undefined;
    }
    const [, dev, ino, offset, tail] =
      /^(\d{1,15}) (\d{1,20}) (\d{1,15}) ([0-9a-f]{0,128}) *\n$/.exec(text) ?? [];
    if (dev === undefined || tail === undefined) return undefined;
    return { dev: Number(dev), ino: Number(ino), offset: Number(offset), tail };
  }

  /** @throws the system's error */
  write({ dev, ino, offset, tail }: FilePlace): void {
    if (this.#fd === undefined) {
      this.#fd = openSync(this.#path, 'a+', 0o600);
      closeSync(this.#fd);
      this.#fd = openSync(this.#path, 'r+');
      ftruncateSync(this.#fd, length);
    }
    writeSync(this.#fd, `${`${dev} ${ino} ${offset} ${tail}`.padEnd(length - 1)}\n`, 0, 'latin1');
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
