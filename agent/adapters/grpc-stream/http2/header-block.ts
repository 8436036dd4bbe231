import { flags } from './frames.ts';
import { decodeHeaders, maxHeaderList } from './hpack.ts';
import { errorCodes, Http2Error } from './http2-error.ts';

/** Parts in which a block may come: one holds 16 KiB. Empty ones without end have stopped servers of many makers. */
const maxParts = 8;

export interface Headers {
  readonly stream: number;
  readonly fields: ReadonlyMap<string, string>;
  /** Nothing follows on this stream. */
  readonly isLast: boolean;
}

/** A block of header fields, in the frame that begins it and those that continue it. */
export class HeaderBlock {
  #stream = 0;
  #isLast = false;
  #parts: Uint8Array[] = [];
  #length = 0;

  /** Between its first frame and its last nothing else may come. */
  get isOpen(): boolean {
    return this.#parts.length > 0;
  }

  /** @returns the fields once they are whole. @throws Http2Error */
  begin(stream: number, flag: number, payload: Uint8Array): Headers | undefined {
    if (this.isOpen) throw new Http2Error(errorCodes.protocol, 'a header begins within a header');
    this.#stream = stream;
    this.#isLast = (flag & flags.endStream) !== 0;
    return this.#add(flag, withoutPadding(flag, payload));
  }

  /** @returns the fields once they are whole. @throws Http2Error */
  continue(stream: number, flag: number, payload: Uint8Array): Headers | undefined {
    if (!this.isOpen || stream !== this.#stream)
      throw new Http2Error(errorCodes.protocol, 'a header goes on that did not begin');
    return this.#add(flag, payload);
  }

  #add(flag: number, part: Uint8Array): Headers | undefined {
    this.#length += part.length;
    // A block is never longer than what it says.
    if (this.#length > maxHeaderList || this.#parts.length === maxParts)
      throw new Http2Error(errorCodes.calm, 'header fields without end');
    this.#parts.push(Buffer.from(part));
    if ((flag & flags.endHeaders) === 0) return undefined;
    const block = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    return { stream: this.#stream, fields: decodeHeaders(block), isLast: this.#isLast };
  }
}

function withoutPadding(flag: number, payload: Uint8Array): Uint8Array {
  const isPadded = (flag & flags.padded) !== 0;
  const from = (isPadded ? 1 : 0) + ((flag & flags.priority) === 0 ? 0 : 5);
  const to = payload.length - (isPadded ? (payload[0] ?? 0) : 0);
  if (from > to) throw new Http2Error(errorCodes.protocol, 'a header is padding alone');
  return payload.subarray(from, to);
}
