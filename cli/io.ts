import type { ExitCode } from './exit.ts';
import type { Text } from './text.ts';

export interface WriteOptions {
  /** File mode, `0o644` when not given; a private key says `0o600`. */
  readonly mode?: number;
  /** Whether a file of that name may be replaced. Not given: refused, so that nothing is lost by a typing mistake. */
  readonly overwrite?: boolean;
}

/** Everything a verb may touch of the world. A test gives its own; `processIo` is the real one. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True when stdout is a terminal: only then are there colours. */
  readonly isTTY: boolean;
  /**
   * A whole file, `-` for stdin.
   * @throws CliError when it is missing, empty, a directory, larger than `maxBytes` or not readable
   */
  readFile(path: string, options: { readonly maxBytes: number }): Promise<Uint8Array>;
  /**
   * A file in pieces, `-` for stdin, unpacked when it is gzip; for what may be larger than memory.
   * @throws CliError as `readFile`, while reading
   */
  readChunks(path: string): AsyncIterable<Uint8Array>;
  /**
   * Atomic: written beside the target, then renamed, so that a full disk leaves no half file. With `overwrite` a link is
   * followed, and a pipe or device written to.
   * @throws CliError when the target exists and `overwrite` is not set, or cannot be written
   */
  writeFile(path: string, bytes: Uint8Array | string, options?: WriteOptions): Promise<void>;
  /** As `writeFile`, in pieces as they come; for what may be larger than memory. A source that fails leaves no file. */
  writeChunks(path: string, chunks: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<void>;
  /** Bytes to stdout as they are, and no faster than they are taken there. */
  outChunks(chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Data, to stdout, a newline is added. */
  out(text: Text): void;
  /** Talk, to stderr, a newline is added. */
  err(text: Text): void;
  /** Asks for a line on the terminal; undefined when there is no terminal to ask on. */
  ask(question: string): Promise<string | undefined>;
  /** Asks on the terminal without echo; undefined when there is no terminal to ask on. */
  askSecret(question: string): Promise<string | undefined>;
  /** ms since the Unix epoch. */
  now(): number;
  random(length: number): Uint8Array;
  /** The code to leave with when the verb has done its work; 0 when never called. */
  exit(code: ExitCode): void;
}
