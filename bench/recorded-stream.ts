import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { recordHead, recordType } from '../agent/core/normalise/sensor-record.ts';

/** One record of a recording; offsets into the whole. */
interface Piece {
  readonly at: number;
  readonly length: number;
}

/**
 * A recording of the sensor as a stream without end: its start once, then its middle, from the first accepted request
 * to the last, again and again. Each turn has later times, and processes of its own in place of those born in it.
 */
export class RecordedStream {
  readonly start: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #loop: readonly Piece[];
  readonly #begins: bigint;
  readonly #lasts: bigint;

  constructor(file: URL) {
    this.#bytes = new Uint8Array(gunzipSync(readFileSync(file)));
    this.#view = new DataView(this.#bytes.buffer);
    const all = piecesOf(this.#view);
    const server = all.find((p) => this.#type(p) === recordType.accept);
    if (server === undefined) throw new Error('the recording holds no accepted request');
    // The second copy's life would be over before the middle begins: one copy is enough to go round.
    const pieces = all.filter((p) => this.#isAbout(p, this.#cgroup(server)));
    const accepts = [...pieces.keys()].filter((i) => this.#type(pieces[i]!) === recordType.accept);
    const first = accepts[0] ?? 0;
    this.#begins = this.#time(pieces[first]!);
    const births = (p: Piece): bigint => this.#view.getBigUint64(p.at + recordHead.start, true);
    const ends = (p: Piece): boolean => this.#type(p) === recordType.exit && births(p) < this.#begins;
    const end = pieces.findIndex((p, i) => i > first && ends(p));
    this.#loop = pieces.slice(first, Math.min(end < 0 ? pieces.length : end, (accepts.at(-1) ?? 0) + 1));
    this.#lasts = this.#time(this.#loop.at(-1)!) - this.#begins + 1_000_000n;
    const before = pieces.slice(0, first);
    this.start = Buffer.concat(before.map((p) => this.#bytes.subarray(p.at, p.at + p.length)));
  }

  /** Acts in the cgroup, what befalls the cgroup itself, and what the sensor says of itself. */
  #isAbout(piece: Piece, cgroup: bigint): boolean {
    const type = this.#type(piece);
    if (type < recordType.exec || this.#cgroup(piece) === cgroup) return true;
    const offset = type === recordType.cgroup ? recordHead.b : recordHead.a;
    const isMove = type === recordType.cgroup || type === recordType.attach;
    return isMove && this.#view.getBigUint64(piece.at + offset, true) === cgroup;
  }

  #cgroup(piece: Piece): bigint {
    return this.#view.getBigUint64(piece.at + recordHead.cgroup, true);
  }

  /** About `records` records, as whole repetitions of the middle. */
  round(n: number, records: number): Uint8Array {
    const times = Math.max(1, Math.round(records / this.#loop.length));
    const size = this.#loop.reduce((sum, p) => sum + p.length, 0);
    const out = new Uint8Array(size * times);
    const view = new DataView(out.buffer);
    let at = 0;
    for (let i = 0; i < times; i++) {
      const turn = n * times + i + 1;
      for (const piece of this.#loop) {
        out.set(this.#bytes.subarray(piece.at, piece.at + piece.length), at);
        this.#move(view, at, turn);
        at += piece.length;
      }
    }
    return out;
  }

  /** To its turn: later, and with new processes. What was there before the middle stays as it is. */
  #move(view: DataView, at: number, turn: number): void {
    const by = this.#lasts * BigInt(turn);
    const isFork = view.getUint16(at + recordHead.type, true) === recordType.fork;
    const later = (offset: number): boolean => {
      const value = view.getBigUint64(at + offset, true);
      if (value < this.#begins) return false;
      view.setBigUint64(at + offset, value + by, true);
      return true;
    };
    const other = (offset: number): void => {
      const pid = view.getUint32(at + offset, true);
      view.setUint32(at + offset, 100_000 + ((turn * 97 + pid) % 4_000_000), true);
    };
    later(recordHead.time);
    if (later(recordHead.start)) other(recordHead.pid);
    if (later(recordHead.parentStart)) other(recordHead.parentPid);
    if (isFork && later(recordHead.b)) other(recordHead.a);
  }

  #type(piece: Piece): number {
    return this.#view.getUint16(piece.at + recordHead.type, true);
  }

  #time(piece: Piece): bigint {
    return this.#view.getBigUint64(piece.at + recordHead.time, true);
  }
}

function piecesOf(view: DataView): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < view.byteLength; ) {
    const length = view.getUint32(at + recordHead.length, true);
    if (length < recordHead.size) throw new Error(`the recording is broken at byte ${at}`);
    pieces.push({ at, length });
    at += length;
  }
  return pieces;
}
