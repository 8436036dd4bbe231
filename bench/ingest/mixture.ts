import { seededRandom } from '../statistics.ts';
import { type Copy, firstPid, type RealProcess, serverProgram } from './fleet.ts';
import {
  connectFrame,
  drawnLength,
  execFrame,
  exitFrame,
  type Fields,
  type Frame,
  forkFrame,
  hostFrame,
  listenFrame,
  openFrame,
  strangeFrame,
  writeVarint,
} from './tracee-frames.ts';

/** The messages of one copy, made beforehand. */
export interface Frames {
  readonly opens: readonly Frame[];
  readonly connect: Frame;
  readonly fork: Frame;
  readonly exec: Frame;
  readonly exit: Frame;
  readonly strange: Frame;
  readonly start: Frame;
  readonly listen: Frame;
}

interface Child {
  readonly frames: Frames;
  readonly pid: number;
  /** µs since the epoch. */
  readonly start: number;
}

/** Shares of the messages; the rest opens files. A life is a fork, an execution and an exit. */
export interface Shares {
  readonly connects: number;
  readonly lives: number;
}

/** The reference's mixture: 80 % opens, a tenth connects, a tenth the lives of helpers. */
export const usualShares: Shares = { connects: 0.1, lives: 0.1 / 3 };
/** The same where each tenth execution is one, with its fork and its exit besides: 80 : 10 : 10 of opens, connects, executions. */
export const busyShares: Shares = { connects: 10 / 120, lives: 10 / 120 };

const pids = 1_500_000;
const letters = 'bcdfghjklmnpqrstvwxyz';
/** A helper lives for so many messages. */
const lifeLength = 40;
/** Messages of one copy in a row, on average: 3.8 to 6.7 of one process in the recordings of a small real node. */
const runLength = 4;

export function framesOf(copy: Copy, fields: Fields): Frames {
  return {
    opens: copy.files.map((path) => openFrame(copy, path, fields)),
    connect: connectFrame(copy, fields),
    fork: forkFrame(copy, fields),
    exec: execFrame(copy, fields),
    exit: exitFrame(copy, fields),
    strange: strangeFrame(copy, fields),
    start: execFrame(copy, fields, serverProgram),
    listen: listenFrame(copy, fields),
  };
}

/** The endless stream of a full node at work; the same sequence each time. */
export class Mixture {
  readonly #copies: readonly Frames[];
  readonly #random = seededRandom(7);
  readonly #shares: Shares;
  #serial = 0;
  #strange = 0;
  readonly #living: Child[] = [];
  #acting: Frames;

  constructor(copies: readonly Frames[], shares: Shares) {
    this.#shares = shares;
    this.#copies = copies;
    this.#acting = this.#of(0);
  }

  /** The copies start, and each runs a helper. */
  *beginning(real: RealProcess, now: () => number): Generator<Uint8Array> {
    yield this.#host(real, now());
    for (const frames of this.#copies) {
      yield this.#written(frames.start, now());
      yield this.#written(frames.listen, now());
    }
    yield* this.again(now);
    for (const frames of this.#copies) {
      const child = this.#bear(frames, now());
      for (const frame of [frames.fork, frames.exec, frames.exit]) yield this.#written(frame, now(), child);
    }
  }

  /** Each copy does each of its things. */
  *again(now: () => number): Generator<Uint8Array> {
    const most = Math.max(...this.#copies.map(({ opens }) => opens.length));
    for (let i = 0; i < most; i++)
      for (const { opens } of this.#copies) {
        const open = opens[i];
        if (open !== undefined) yield this.#written(open, now());
      }
    for (const { connect } of this.#copies) yield this.#written(connect, now());
  }

  #host({ pid, startedAt }: RealProcess, now: number): Uint8Array {
    return this.#written(hostFrame(), now, { frames: this.#of(0), pid, start: startedAt });
  }

  /** One of its helpers opens what nobody approved. @returns three messages more than one: its life around it */
  strange(copy: number, now: number): Uint8Array {
    const frames = this.#of(copy);
    const child = this.#bear(frames, now);
    const four = [frames.fork, frames.exec, frames.strange, frames.exit];
    return Buffer.concat(four.map((frame) => this.#written(frame, now, child)));
  }

  /** The next message, into `bytes` at `at`. @returns where it ends */
  next(bytes: Uint8Array, at: number, now: number): number {
    const oldest = this.#living[0];
    if (oldest !== undefined && this.#living.length > this.#shares.lives * lifeLength) {
      this.#living.shift();
      return this.#write(bytes, at, oldest.frames.exit, now, oldest);
    }
    const dice = this.#random();
    if (this.#random() * runLength < 1)
      this.#acting = this.#of(Math.floor(this.#random() * this.#copies.length));
    const frames = this.#acting;
    const { connects, lives } = this.#shares;
    if (dice < lives * 2) return this.#life(bytes, at, frames, now);
    if (dice < lives * 2 + connects) return this.#write(bytes, at, frames.connect, now);
    // Skewed as real accesses are: few files most of the time, many rarely.
    const rank = Math.floor(frames.opens.length ** this.#random());
    return this.#write(bytes, at, frames.opens[rank - 1] ?? frames.connect, now);
  }

  #born: Child | undefined;

  /** Forks, and at the next call executes. */
  #life(bytes: Uint8Array, at: number, frames: Frames, now: number): number {
    const born = this.#born;
    if (born === undefined) {
      const child = this.#bear(frames, now);
      this.#born = child;
      return this.#write(bytes, at, frames.fork, now, child);
    }
    this.#born = undefined;
    this.#living.push(born);
    return this.#write(bytes, at, born.frames.exec, now, born);
  }

  #of(copy: number): Frames {
    const frames = this.#copies[copy % this.#copies.length];
    if (frames === undefined) throw new RangeError('no copies');
    return frames;
  }

  #bear(frames: Frames, now: number): Child {
    this.#serial += 1;
    return { frames, pid: firstPid + 10_000 + (this.#serial % pids), start: now };
  }

  #written(frame: Frame, now: number, child?: Child): Uint8Array {
    const bytes = new Uint8Array(frame.bytes.length);
    this.#write(bytes, 0, frame, now, child);
    return bytes;
  }

  #write(bytes: Uint8Array, at: number, frame: Frame, now: number, child?: Child): number {
    bytes.set(frame.bytes, at);
    writeTime(bytes, at + frame.time, now);
    if (child !== undefined) this.#writeChild(bytes, at, frame, child);
    return at + frame.bytes.length;
  }

  #writeChild(bytes: Uint8Array, at: number, frame: Frame, { pid, start }: Child): void {
    if (frame.start >= 0) writeTime(bytes, at + frame.start, start);
    for (const place of frame.pids) writeVarint(bytes, at + place, pid, 4);
    for (const place of frame.childPids) writeVarint(bytes, at + place, pid, 4);
    for (const place of frame.ids) writeVarint(bytes, at + place, 1_000_000_000 + pid, 5);
    if (frame.childStart >= 0) writeNanoseconds(bytes, at + frame.childStart, start);
    if (frame.drawn < 0) return;
    this.#strange += 1;
    for (let i = 0, rest = this.#strange; i < drawnLength; i++, rest = Math.floor(rest / letters.length))
      bytes[at + frame.drawn + i] = letters.charCodeAt(rest % letters.length);
  }
}

/** Seconds, tag of the nanoseconds, nanoseconds: as the frames have them one after the other. */
function writeTime(bytes: Uint8Array, at: number, micros: number): void {
  const seconds = Math.floor(micros / 1e6);
  writeVarint(bytes, at, seconds, 5);
  writeVarint(bytes, at + 6, (micros - seconds * 1e6) * 1000, 5);
}

/** More than a number holds exactly. */
function writeNanoseconds(bytes: Uint8Array, at: number, micros: number): void {
  let rest = BigInt(micros) * 1000n;
  for (let i = 0; i < 9; i++) {
    bytes[at + i] = Number(rest & 127n) | (i === 8 ? 0 : 0x80);
    rest >>= 7n;
  }
}
