import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import type { Spool, SpoolStats } from '../ports/uplink.ts';
import { PositionFile } from './spool/position-file.ts';
import { decodeRecord, encodeRecord, headerBytes, maxRecordBytes } from './spool/record.ts';
import { createSegment, recoverSegments, type Segment } from './spool/segment.ts';
import { toSpoolError } from './spool/spool-error.ts';

export interface SegmentSpoolOptions {
  readonly dir: string;
  /** Default 512 MiB (DESIGN §11): at 200 bytes a report, some two million. */
  readonly capBytes?: number;
  /** Default 4 MiB: small enough that an acknowledgement soon frees one, large enough that making them costs nothing. */
  readonly segmentBytes?: number;
}

/** What opening found. */
export interface SpoolRecovery {
  /** Cut off behind the last whole record; never flushed, so never promised. */
  readonly tornBytes: number;
  /** Flushed records that the disk did not give back; they count as dropped. */
  readonly rotten: number;
}

/** Appended but not yet on disk: what a disk that hangs for some seconds may cost in memory. */
const maxPendingBytes = 8 * 1024 * 1024;
const readChunkBytes = 256 * 1024;

/**
 * The agent's spool: append-only segments with checksums. `append` only fills a buffer; `flush` writes everything
 * pending in one go and syncs it once, off the event loop. `after` gives out flushed records only, so that a number is
 * never sent that a crash could give to another record.
 *
 * On a full disk `flush` rejects with `no-space`, keeps what is pending, and the next one tries again; what then no
 * longer fits the buffer is refused and counted.
 */
export class SegmentSpool implements Spool {
  readonly recovery: SpoolRecovery;
  readonly #dir: string;
  readonly #capBytes: number;
  readonly #segmentBytes: number;
  readonly #position: PositionFile;
  /** Oldest first; the last one is written to. */
  readonly #segments: Segment[];
  #active: { readonly segment: Segment; readonly file: FileHandle } | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #next: number;
  #durable: number;
  #acked: number;
  #dropped: number;
  /** Writes, acknowledgements and closing follow one another. */
  #tail: Promise<unknown> = Promise.resolve();
  #cursor = { path: '', seq: 0, offset: 0 };

  private constructor(
    options: SegmentSpoolOptions,
    position: PositionFile,
    state: { segments: Segment[]; acked: number; written: number; dropped: number },
    recovery: SpoolRecovery,
  ) {
    this.#dir = options.dir;
    this.#capBytes = options.capBytes ?? 512 * 1024 * 1024;
    this.#segmentBytes = options.segmentBytes ?? 4 * 1024 * 1024;
    this.#position = position;
    this.#segments = state.segments;
    this.#acked = state.acked;
    this.#dropped = state.dropped;
    this.#durable = Math.max(state.written, state.acked, state.segments.at(-1)?.last ?? 0);
    this.#next = this.#durable + 1;
    this.recovery = recovery;
  }

  /** @throws SpoolError */
  static async open(options: SegmentSpoolOptions): Promise<SegmentSpool> {
    try {
      await mkdir(options.dir, { recursive: true, mode: 0o700 });
      const { file, position } = await PositionFile.open(options.dir);
      const { segments, tornBytes, rotten } = await recoverSegments(options.dir);
      const last = segments.at(-1)?.last ?? position.acked;
      const lost = rotten + Math.max(0, position.written - Math.max(last, position.acked));
      const state = { segments, ...position, dropped: position.dropped + lost };
      return new SegmentSpool(options, file, state, { tornBytes, rotten: lost });
    } catch (error) {
      throw toSpoolError(error, options.dir);
    }
  }

  append(record: Uint8Array): number | undefined {
    const bytes = headerBytes + record.length;
    const pendingBytes = this.#pendingBytes + bytes;
    if (
      record.length > maxRecordBytes ||
      pendingBytes > maxPendingBytes ||
      this.#storedBytes() + pendingBytes > this.#capBytes
    ) {
      this.#dropped += 1;
      return undefined;
    }
    const seq = this.#next;
    this.#next += 1;
    this.#pending.push(encodeRecord(seq, record));
    this.#pendingBytes = pendingBytes;
    return seq;
  }

  /** @throws SpoolError */
  async flush(): Promise<void> {
    const upTo = this.#next - 1;
    while (this.#durable < upTo)
      await this.#inTurn(() => (this.#durable < upTo ? this.#writeBatch() : undefined));
  }

  async after(
    seq: number,
    max: number,
  ): Promise<readonly { readonly seq: number; readonly record: Uint8Array }[]> {
    const found: { seq: number; record: Uint8Array }[] = [];
    let from = Math.max(seq, this.#acked) + 1;
    for (const segment of [...this.#segments]) {
      if (segment.last < from) continue;
      if (found.length >= max) break;
      from = Math.max(from, segment.first);
      await this.#read(segment, from, max, found).catch(() => undefined);
      from = segment.last + 1;
    }
    return found;
  }

  /** @throws SpoolError */
  async ack(seq: number): Promise<void> {
    await this.#inTurn(async () => {
      const acked = Math.min(seq, this.#durable);
      if (acked <= this.#acked) return;
      this.#acked = acked;
      await this.#savePosition();
      const active = this.#active?.segment;
      // A segment that is still being filled goes too, once that is worth a new file.
      const worthIt = Math.min(this.#segmentBytes, this.#capBytes) / 4;
      if (active !== undefined && active.last <= acked && active.bytes >= worthIt) await this.#seal();
      while (this.#segments[0] !== undefined && this.#segments[0].last <= acked) {
        if (this.#segments[0] === this.#active?.segment) break;
        await unlink(this.#segments[0].path);
        this.#segments.shift();
      }
    });
  }

  /** The highest number that was ever acknowledged. */
  get acked(): number {
    return this.#acked;
  }

  stats(): SpoolStats {
    const stored = this.#segments.map((s) => Math.max(0, s.last - Math.max(s.first - 1, this.#acked)));
    return {
      records: this.#pending.length + stored.reduce((sum, n) => sum + n, 0),
      bytes: this.#storedBytes() + this.#pendingBytes,
      dropped: this.#dropped,
    };
  }

  /** Flushes and lets go of the files. @throws SpoolError when the last records could not be written. */
  async close(): Promise<void> {
    const flushed = this.flush();
    await flushed.catch(() => undefined);
    await this.#inTurn(async () => {
      await this.#savePosition();
      await this.#seal();
      await this.#position.close();
    });
    await flushed;
  }

  #storedBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const run = this.#tail.then(work).catch((error: unknown) => {
      throw toSpoolError(error, this.#dir);
    });
    this.#tail = run.catch(() => undefined);
    return run;
  }

  /** Writes as much of what is pending as the segment takes, at a known place: a torn earlier try is overwritten. */
  async #writeBatch(): Promise<void> {
    const { segment, file } = await this.#room();
    const batch: Buffer[] = [];
    let bytes = 0;
    for (const record of this.#pending) {
      if (batch.length > 0 && segment.bytes + bytes + record.length > this.#segmentBytes) break;
      batch.push(record);
      bytes += record.length;
    }
    try {
      await writeAll(file, Buffer.concat(batch), segment.bytes);
      await file.datasync();
    } catch (error) {
      // What was refused meanwhile must still be counted after a restart; this needs no disk space.
      await this.#savePosition().catch(() => undefined);
      throw error;
    }
    segment.bytes += bytes;
    segment.last += batch.length;
    this.#durable = segment.last;
    this.#pending = this.#pending.slice(batch.length);
    this.#pendingBytes -= bytes;
    await this.#savePosition();
  }

  async #room(): Promise<{ readonly segment: Segment; readonly file: FileHandle }> {
    const first = this.#pending[0]?.length ?? 0;
    const active = this.#active;
    if (
      active !== undefined &&
      (active.segment.bytes === 0 || active.segment.bytes + first <= this.#segmentBytes)
    ) {
      return active;
    }
    await this.#seal();
    const segment = await createSegment(this.#dir, this.#durable + 1);
    this.#active = { segment, file: await open(segment.path, 'r+') };
    this.#segments.push(segment);
    return this.#active;
  }

  async #seal(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    await active?.file.close();
  }

  async #savePosition(): Promise<void> {
    await this.#position.write({ acked: this.#acked, written: this.#durable, dropped: this.#dropped });
  }

  /** Reads on where the last call ended; a rotten record ends the segment, the collector sees the hole by its number. */
  async #read(
    segment: Segment,
    from: number,
    max: number,
    found: { seq: number; record: Uint8Array }[],
  ): Promise<void> {
    const file = await open(segment.path, 'r');
    try {
      const { path, seq } = this.#cursor;
      let offset = path === segment.path && seq === from ? this.#cursor.offset : 0;
      let chunkBytes = readChunkBytes;
      while (found.length < max && offset < segment.bytes) {
        const chunk = Buffer.alloc(Math.min(chunkBytes, segment.bytes - offset));
        await file.read(chunk, 0, chunk.length, offset);
        const used = takeRecords(chunk, from, max, found);
        if (used === 0 && offset + chunk.length >= segment.bytes) return;
        // A record longer than the chunk: once more with a longer one.
        chunkBytes = used === 0 ? chunkBytes * 4 : readChunkBytes;
        offset += used;
      }
      const last = found.at(-1);
      if (last !== undefined) this.#cursor = { path: segment.path, seq: last.seq + 1, offset };
    } finally {
      await file.close();
    }
  }
}

/** @returns how many bytes were used up by whole records. Those before `from` are passed over. */
function takeRecords(
  chunk: Buffer,
  from: number,
  max: number,
  found: { seq: number; record: Uint8Array }[],
): number {
  let used = 0;
  for (
    let r = decodeRecord(chunk, 0);
    r !== undefined && found.length < max;
    r = decodeRecord(chunk, r.end)
  ) {
    if (r.seq >= from) found.push({ seq: r.seq, record: r.record });
    used = r.end;
  }
  return used;
}

/** A full disk may take a part of a write before it refuses the rest. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
