import type { Io } from './io.ts';
import { counted } from './known-file.ts';

/** A line for a person who waits; more often than this it is noise. */
const everyMs = 2_000;
/** The header is the first line; what is longer is no export, and `whorl audit verify` says so. */
const maxHeaderBytes = 64 * 1024;
const newline = 10;

/** The same pieces; meanwhile a person at a terminal is told how far it is. */
export async function* withProgress(io: Io, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let header: Uint8Array = new Uint8Array();
  let [lines, toldAt] = [0, io.now()];
  for await (const piece of pieces) {
    yield piece;
    if (!io.isTTY) continue;
    if (lines === 0 && header.length < maxHeaderBytes) header = Buffer.concat([header, piece]);
    for (const byte of piece) if (byte === newline) lines += 1;
    if (io.now() - toldAt < everyMs) continue;
    toldAt = io.now();
    io.err(`${entries(lines)}${of(header)}`);
  }
}

/** Without the header's line. */
function entries(lines: number): string {
  return counted(Math.max(0, lines - 1), 'entry', 'entries');
}

function of(header: Uint8Array): string {
  try {
    const { size, first } = JSON.parse(new TextDecoder().decode(header).split('\n', 1)[0] ?? '');
    return typeof size === 'number' && typeof first === 'number' ? ` of ${size - first}` : '';
  } catch {
    return '';
  }
}
