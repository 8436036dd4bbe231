import { CliError, exitCodes } from './exit.ts';
import { fileName } from './read-file.ts';

/** Far above what a source writes for one event (arguments are bounded to 4 kB); a bound on memory for hostile files. */
const maxLineBytes = 1 << 20;

export interface Line {
  readonly bytes: Uint8Array;
  /** 1 for the first. */
  readonly number: number;
}

/** Cuts a stream into lines; blank ones are left out. Never holds more than one line and one chunk. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Line> {
  let rest: Uint8Array = new Uint8Array();
  let number = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      number += 1;
      const bytes = join(rest, chunk.subarray(from, end));
      rest = new Uint8Array();
      from = end + 1;
      if (!isBlank(bytes)) yield { bytes, number };
    }
    rest = join(rest, chunk.subarray(from));
    if (rest.length > maxLineBytes) throw tooLong(path, number + 1);
  }
  if (!isBlank(rest)) yield { bytes: rest, number: number + 1 };
}

function tooLong(path: string, number: number): CliError {
  return new CliError(
    exitCodes.usage,
    `${fileName(path)}:${number}: the line is longer than 1 MiB`,
    'events are JSON lines, one event a line; see docs/events.md',
  );
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.length === 0 ? b : Buffer.concat([a, b]);
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((b) => b === 32 || b === 13 || b === 9);
}
