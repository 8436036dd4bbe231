import { errorCodes, Http2Error } from './http2-error.ts';
import { huffmanText } from './huffman.ts';
import { staticTable } from './static-table.ts';

/** What a header list may have, as RFC 7540 §6.5.2 counts it: name, value and 32 for each. Answers of gRPC have some 200. */
export const maxHeaderList = 32 * 1024;

/**
 * Header fields of a block. We announce a dynamic table of size 0, so that nothing is remembered from one block to the
 * next: a block refers to the static table or says itself what it means.
 *
 * @throws Http2Error
 */
export function decodeHeaders(block: Uint8Array): ReadonlyMap<string, string> {
  const reader = new BlockReader(block);
  const fields = new Map<string, string>();
  for (let size = 0; reader.hasMore(); ) {
    const field = reader.field();
    if (field === undefined) continue;
    const [name, value] = field;
    size += name.length + value.length + 32;
    if (size > maxHeaderList) throw new Http2Error(errorCodes.calm, 'header fields without end');
    fields.set(name, value);
  }
  return fields;
}

class BlockReader {
  readonly #block: Uint8Array;
  #at = 0;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  hasMore(): boolean {
    return this.#at < this.#block.length;
  }

  /** @returns undefined: it was no field but a change of the table's size */
  field(): readonly [string, string] | undefined {
    const first = this.#block[this.#at] ?? 0;
    // Indexed: name and value.
    if (first >= 0x80) return known(this.#integer(7));
    // Literal that would be remembered by a table with room.
    if (first >= 0x40) return this.#literal(6);
    if (first >= 0x20) {
      if (this.#integer(5) > 0) throw broken('a table was announced that was not allowed');
      return undefined;
    }
    return this.#literal(4);
  }

  #literal(bits: number): readonly [string, string] {
    const index = this.#integer(bits);
    const name = index === 0 ? this.#text() : known(index)[0];
    return [name, this.#text()];
  }

  /** RFC 7541 §5.1, up to 2^21: nothing here is longer. */
  #integer(bits: number): number {
    const most = (1 << bits) - 1;
    let value = (this.#block[this.#at++] ?? 0) & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 14; shift += 7) {
      const byte = this.#block[this.#at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw broken('a number does not end');
  }

  #text(): string {
    const isHuffman = (this.#block[this.#at] ?? 0) >= 0x80;
    if (!this.hasMore()) throw broken('a field is cut off');
    const length = this.#integer(7);
    const from = this.#at;
    const to = from + length;
    if (to > this.#block.length) throw broken('a field is cut off');
    this.#at = to;
    if (!isHuffman)
      return Buffer.from(this.#block.buffer, this.#block.byteOffset + from, length).toString('latin1');
    const text = huffmanText(this.#block, from, to);
    if (text === undefined) throw broken('a field is coded wrongly');
    return text;
  }
}

function known(index: number): readonly [string, string] {
  const field = staticTable[index - 1];
  if (field === undefined) throw broken('a field refers to nothing');
  return field;
}

function broken(what: string): Http2Error {
  return new Http2Error(errorCodes.compression, what);
}

/** A block of literals that nobody is to remember; no name or value here is longer than 126 bytes but paths may be. */
export function encodeHeaders(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const rest = bytes.length - 127;
  const length = rest < 128 ? [127, rest] : [127, (rest & 0x7f) | 0x80, rest >> 7];
  return Buffer.concat([Buffer.from(length), bytes]);
}
