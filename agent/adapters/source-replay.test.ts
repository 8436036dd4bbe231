import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { chunksOf } from '../../test/fakes/source-chunks.ts';
import { replaySource } from './source-replay.ts';

const dir = mkdtempSync(join(tmpdir(), 'whorl-replay-'));
afterAll(() => rmSync(dir, { recursive: true }));

async function played(name: string, bytes?: Uint8Array): Promise<string> {
  const path = join(dir, name);
  if (bytes !== undefined) writeFileSync(path, bytes);
  let text = '';
  for await (const chunk of chunksOf(
    replaySource(path, () => 7),
    new AbortController().signal,
  )) {
    expect(chunk.receivedAt).toBe(7);
    text += Buffer.from(chunk.bytes).toString();
  }
  return text;
}

it('plays a file as it is, and a packed one unpacked', async () => {
  expect(await played('a.bin', Buffer.from('records'))).toBe('records');
  expect(await played('a.bin.gz', gzipSync('records'))).toBe('records');
  expect(await played('empty.bin', Buffer.alloc(0))).toBe('');
});

it.each([
  ['none.bin', undefined],
  ['cut.gz', gzipSync('records'.repeat(1000)).subarray(0, 20)],
  ['other.gz', Buffer.from('not packed')],
  ['.', undefined],
])('says what is wrong with %s', async (name, bytes) => {
  await expect(played(name, bytes)).rejects.toThrow(/cannot be replayed: .*; record it again/);
});

it('stops when told to', async () => {
  const stop = new AbortController();
  stop.abort();
  writeFileSync(join(dir, 'b.bin'), 'x');
  for await (const _ of chunksOf(
    replaySource(join(dir, 'b.bin'), () => 0),
    stop.signal,
  ))
    expect.unreachable();
});
