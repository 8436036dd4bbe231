import { open, readdir, readFile, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeRecord } from './record.ts';

/** A file of consecutive records. Its name is the number of its first one, so that order needs no index. */
export interface Segment {
  readonly path: string;
  readonly first: number;
  /** Last whole record; first − 1 while there is none. */
  last: number;
  /** Whole records only. */
  bytes: number;
}

export interface Recovery {
  readonly segments: Segment[];
  /** Bytes cut off behind the last whole record: writes that a crash tore. None of them was ever flushed. */
  readonly tornBytes: number;
  /** Records that had been flushed and are rotten now. */
  readonly rotten: number;
}

const suffix = '.seg';

function segmentPath(dir: string, first: number): string {
  return join(dir, first.toString(16).padStart(14, '0') + suffix);
}

/** Creates an empty segment, so that its name survives a power cut. */
export async function createSegment(dir: string, first: number): Promise<Segment> {
  const path = segmentPath(dir, first);
  await (await open(path, 'w', 0o600)).close();
  const handle = await open(dir, 'r');
  await handle.sync().finally(() => handle.close());
  return { path, first, last: first - 1, bytes: 0 };
}

/** Reads all segments and cuts each behind its last sound record. */
export async function recoverSegments(dir: string): Promise<Recovery> {
  const names = (await readdir(dir)).filter((name) => /^[0-9a-f]{14}\.seg$/.test(name)).sort();
  const segments: Segment[] = [];
  let tornBytes = 0;
  for (const name of names) {
    const path = join(dir, name);
    const file = await readFile(path);
    const segment = scan(path, Number.parseInt(name, 16), file);
    tornBytes += file.length - segment.bytes;
    if (segment.bytes < file.length) await truncate(path, segment.bytes);
    segments.push(segment);
  }
  const rotten = segments
    .slice(1)
    .reduce((sum, s, i) => sum + Math.max(0, s.first - 1 - segments[i]!.last), 0);
  // One that holds nothing would only confuse the reader; the numbers live on in the position file.
  for (const s of segments.filter((one) => one.last < one.first)) await unlink(s.path);
  return { segments: segments.filter((s) => s.last >= s.first), tornBytes, rotten };
}

function scan(path: string, first: number, file: Buffer): Segment {
  const segment: Segment = { path, first, last: first - 1, bytes: 0 };
  for (
    let r = decodeRecord(file, 0);
    r !== undefined && r.seq === segment.last + 1;
    r = decodeRecord(file, r.end)
  ) {
    segment.last = r.seq;
    segment.bytes = r.end;
  }
  return segment;
}
