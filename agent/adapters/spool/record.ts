import { crc32c } from './crc32c.ts';

/**
 * A record on disk: u32 payload length, u32 CRC-32C over what follows, u64 sequence number, payload; little endian.
 * The number is under the checksum, so that a stale record left behind by an overwritten one is never taken for good.
 */
export const headerBytes = 16;
/** Larger than any report (32 drifts with their evidence are some 40 KB); a length beyond it can only be rot. */
export const maxRecordBytes = 1024 * 1024;

export function encodeRecord(seq: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeBigUInt64LE(BigInt(seq), 8);
  bytes.set(payload, headerBytes);
  bytes.writeUInt32LE(crc32c(bytes.subarray(8)), 4);
  return bytes;
}

export interface DecodedRecord {
  readonly seq: number;
  readonly record: Uint8Array;
  /** Where the next one begins. */
  readonly end: number;
}

/** @returns undefined when no whole, sound record begins at `offset`. The payload is a view, not a copy. */
export function decodeRecord(bytes: Buffer, offset: number): DecodedRecord | undefined {
  if (offset + headerBytes > bytes.length) return undefined;
  const length = bytes.readUInt32LE(offset);
  const end = offset + headerBytes + length;
  if (length > maxRecordBytes || end > bytes.length) return undefined;
  if (crc32c(bytes.subarray(offset + 8, end)) !== bytes.readUInt32LE(offset + 4)) return undefined;
  return {
    seq: Number(bytes.readBigUInt64LE(offset + 8)),
    record: bytes.subarray(offset + headerBytes, end),
    end,
  };
}
