import { CliError, exitCodes } from '../../cli/exit.ts';
import type { Io } from '../../cli/io.ts';
import { renderText } from '../../cli/text.ts';

export interface FakeIo extends Io {
  /** Files by name; what is written lands here too. */
  readonly files: Map<string, Uint8Array>;
  /** Modes of written files. */
  readonly modes: Map<string, number>;
  readonly stdout: string[];
  readonly stderr: string[];
  /** The code the verb asked for. */
  exitCode: number;
}

/** A world of its own for a verb: files in memory, a fixed clock, countable randomness. */
export function fakeIo(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  given: Partial<Io> = {},
): FakeIo {
  const bytes = (content: string | Uint8Array): Uint8Array =>
    typeof content === 'string' ? Buffer.from(content) : content;
  const io: FakeIo = {
    files: new Map(Object.entries(files).map(([name, content]) => [name, bytes(content)])),
    modes: new Map(),
    stdout: [],
    stderr: [],
    exitCode: 0,
    env: {},
    isTTY: false,
    readFile: async (path, { maxBytes }) => {
      const found = io.files.get(path);
      if (found === undefined)
        throw new CliError(exitCodes.usage, `cannot read ${path}: there is no such file`);
      if (found.length === 0) throw new CliError(exitCodes.usage, `${path} is empty`);
      if (found.length > maxBytes)
        throw new CliError(exitCodes.usage, `${path} is larger than ${maxBytes} bytes`);
      return found;
    },
    readChunks: async function* (path) {
      yield await io.readFile(path, { maxBytes: Number.MAX_SAFE_INTEGER });
    },
    writeFile: async (path, content, options) => {
      if (io.files.has(path) && options?.overwrite !== true)
        throw new CliError(exitCodes.usage, `${path} exists already`);
      io.files.set(path, bytes(content));
      io.modes.set(path, options?.mode ?? 0o644);
    },
    writeChunks: async (path, chunks, options) => {
      await io.writeFile(path, await whole(chunks), options);
    },
    outChunks: async (chunks) => {
      io.stdout.push((await whole(chunks)).toString().trimEnd());
    },
    out: (text) => void io.stdout.push(renderText(text, false)),
    err: (text) => void io.stderr.push(renderText(text, false)),
    ask: async () => undefined,
    askSecret: async () => undefined,
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    random: (length) => Uint8Array.from({ length }, (_, i) => (i * 37 + 11) & 255),
    exit: (code) => {
      io.exitCode = code;
    },
    ...given,
  };
  return io;
}

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
