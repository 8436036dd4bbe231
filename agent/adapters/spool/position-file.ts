import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from './crc32c.ts';

/** What the segments cannot tell: how far they were acknowledged, and what never got into them. */
export interface Position {
  readonly acked: number;
  /** Last record that was flushed: its number is never given again, even when the record itself has rotted away. */
  readonly written: number;
  readonly dropped: number;
}

/**
 * Two small slots, written in turn and in place: a torn write spoils one and leaves the other, and neither needs
 * free disk space. Not synced for itself: after a power cut an older one only sends some records again.
 */
const slotBytes = 40;

export class PositionFile {
  readonly #file: FileHandle;
  #turn: number;

  private constructor(file: FileHandle, turn: number) {
    this.#file = file;
    this.#turn = turn;
  }

  static async open(dir: string): Promise<{ file: PositionFile; position: Position }> {
    const path = join(dir, 'position');
    const file = await open(path, 'r+').catch((error: unknown) => {
      // Only a missing one is made: any other trouble must not empty it.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        return open(path, 'w+', 0o600);
      throw error;
    });
    const bytes = Buffer.alloc(2 * slotBytes);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    // Takes its disk space now, while there is some.
    if (bytesRead < bytes.length) await file.write(bytes, 0, bytes.length, 0);
    const slots = [0, 1].flatMap(
      (slot) => decode(bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes)) ?? [],
    );
    const newest = slots.sort((a, b) => b.turn - a.turn)[0];
    return {
      file: new PositionFile(file, newest?.turn ?? 0),
      position: newest ?? { acked: 0, written: 0, dropped: 0 },
    };
  }

  async write(position: Position): Promise<void> {
    this.#turn += 1;
    const bytes = Buffer.alloc(slotBytes);
    bytes.writeBigUInt64LE(BigInt(this.#turn), 4);
    bytes.writeBigUInt64LE(BigInt(position.acked), 12);
    bytes.writeBigUInt64LE(BigInt(position.written), 20);
    bytes.writeBigUInt64LE(BigInt(position.dropped), 28);
    bytes.writeUInt32LE(crc32c(bytes.subarray(4)), 0);
    await this.#file.write(bytes, 0, slotBytes, (this.#turn % 2) * slotBytes);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function decode(bytes: Buffer): (Position & { turn: number }) | undefined {
  const turn = Number(bytes.readBigUInt64LE(4));
  if (turn === 0 || crc32c(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined;
  const [acked = 0, written = 0, dropped = 0] = [12, 20, 28].map((at) => Number(bytes.readBigUInt64LE(at)));
  return { turn, acked, written, dropped };
}
