import { flags, frameTypes, headLength, maxFrame } from './frames.ts';
import { errorCodes, Http2Error } from './http2-error.ts';

/** Takes what a connection delivers, frame by frame. */
export interface FrameTaker {
  /** A data frame begins. @param length of its whole payload, which counts for flow control */
  dataBegins(stream: number, length: number): void;
  /** A part of its data: where it lies in the bytes that are read. */
  data(from: number, to: number): void;
  dataEnds(isLast: boolean): void;
  /** Any other frame, whole. The payload is the reader's to use again afterwards. */
  frame(type: number, flag: number, stream: number, payload: Uint8Array): void;
}

/**
 * Frames out of what was read, cut anywhere. Data is given on where it lies; of other frames one is held until it is
 * whole, at most 16 KiB.
 */
export class FrameReader {
  readonly #taker: FrameTaker;
  /** Frames that have begun. */
  frames = 0;
  readonly #head = new Uint8Array(headLength);
  #headHeld = 0;
  #isInFrame = false;
  #type = 0;
  #flag = 0;
  #stream = 0;
  /** Of the payload, still to come. */
  #left = 0;
  /** Of that, what only pads; -1: the byte that says how much is still to come. */
  #padding = 0;
  #held: Buffer | undefined;
  #heldLength = 0;

  constructor(taker: FrameTaker) {
    this.#taker = taker;
  }

  /** The beginning of a frame that is not whole yet. */
  get begun(): Uint8Array {
    return this.#head.subarray(0, this.#headHeld);
  }

  /** @throws Http2Error */
  read(bytes: Uint8Array, length: number): void {
    let at = 0;
    while (at < length) {
      if (!this.#isInFrame) {
        at = this.#readHead(bytes, at, length);
        continue;
      }
      const end = Math.min(length, at + this.#left);
      if (this.#type === frameTypes.data) this.#readData(bytes, at, end);
      else this.#readOther(bytes, at, end);
      at = end;
    }
  }

  #readHead(bytes: Uint8Array, at: number, length: number): number {
    if (this.#headHeld === 0 && length - at >= headLength) {
      this.#begin(bytes, at);
      return at + headLength;
    }
    const end = Math.min(length, at + headLength - this.#headHeld);
    while (at < end) this.#head[this.#headHeld++] = bytes[at++] ?? 0;
    if (this.#headHeld === headLength) {
      this.#headHeld = 0;
      this.#begin(this.#head, 0);
    }
    return at;
  }

  #begin(head: Uint8Array, at: number): void {
    const length = ((head[at] ?? 0) << 16) | ((head[at + 1] ?? 0) << 8) | (head[at + 2] ?? 0);
    this.#type = head[at + 3] ?? 0;
    this.#flag = head[at + 4] ?? 0;
    this.#stream =
      (((head[at + 5] ?? 0) & 0x7f) << 24) |
      ((head[at + 6] ?? 0) << 16) |
      ((head[at + 7] ?? 0) << 8) |
      (head[at + 8] ?? 0);
    // Nobody was allowed more; whoever sends it is no HTTP/2, or means harm.
    if (length > maxFrame) throw new Http2Error(errorCodes.frameSize, 'a frame is longer than allowed');
    this.frames += 1;
    this.#isInFrame = true;
    this.#left = length;
    if (this.#type === frameTypes.data) this.#beginData(length);
    else if (length === 0) this.#end(empty);
  }

  #beginData(length: number): void {
    const isPadded = (this.#flag & flags.padded) !== 0;
    if (isPadded && length === 0) throw new Http2Error(errorCodes.frameSize, 'a frame lacks its padding');
    this.#padding = isPadded ? -1 : 0;
    this.#taker.dataBegins(this.#stream, length);
    if (length === 0) this.#endData();
  }

  #readData(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    if (this.#padding < 0) {
      this.#padding = bytes[at++] ?? 0;
      this.#left -= 1;
      if (this.#padding > this.#left) throw new Http2Error(errorCodes.protocol, 'a frame is padding alone');
    }
    const end = Math.min(to, at + this.#left - this.#padding);
    if (end > at) this.#taker.data(at, end);
    this.#left -= to - at;
    if (this.#left < this.#padding) this.#padding = this.#left;
    if (this.#left === 0) this.#endData();
  }

  #endData(): void {
    this.#isInFrame = false;
    this.#taker.dataEnds((this.#flag & flags.endStream) !== 0);
  }

  #readOther(bytes: Uint8Array, from: number, to: number): void {
    const isWhole = to - from === this.#left;
    this.#left -= to - from;
    if (isWhole && this.#held === undefined) {
      this.#end(bytes.subarray(from, to));
      return;
    }
    this.#held ??= Buffer.allocUnsafe(maxFrame);
    this.#held.set(bytes.subarray(from, to), this.#heldLength);
    this.#heldLength += to - from;
    if (isWhole) this.#end(this.#held.subarray(0, this.#heldLength));
  }

  #end(payload: Uint8Array): void {
    this.#isInFrame = false;
    this.#held = undefined;
    this.#heldLength = 0;
    this.#taker.frame(this.#type, this.#flag, this.#stream, payload);
  }
}

const empty = new Uint8Array();
