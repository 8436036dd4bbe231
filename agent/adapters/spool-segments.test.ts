import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c } from './spool/crc32c.ts';
import { headerBytes } from './spool/record.ts';
import { SegmentSpool } from './spool-segments.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-spool-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (record: Uint8Array): string => new TextDecoder().decode(record);
const open = (more: object = {}): Promise<SegmentSpool> => SegmentSpool.open({ dir, ...more });
const segments = (): string[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.seg'))
    .sort();
const all = async (spool: SegmentSpool): Promise<string[]> =>
  (await spool.after(0, 1e6)).map(({ seq, record }) => `${seq}:${text(record)}`);

describe('crc32c', () => {
  it.each([
    ['123456789', 0xe3069283],
    ['', 0],
  ])('of %j is the published check value', (input, expected) => expect(crc32c(bytes(input))).toBe(expected));
});

describe('spool', () => {
  it('numbers records from one and gives them back oldest first', async () => {
    const spool = await open();
    expect(['a', 'b', 'c'].map((t) => spool.append(bytes(t)))).toEqual([1, 2, 3]);
    await spool.flush();
    expect(await all(spool)).toEqual(['1:a', '2:b', '3:c']);
    expect((await spool.after(1, 1)).map((r) => r.seq)).toEqual([2]);
    await spool.close();
  });

  it('gives out nothing that a crash could still lose', async () => {
    const spool = await open();
    spool.append(bytes('a'));
    expect(await all(spool)).toEqual([]);
    await spool.close();
  });

  it('goes on where it stopped, with every unacknowledged record', async () => {
    const first = await open();
    for (const t of ['a', 'b', 'c']) first.append(bytes(t));
    await first.flush();
    await first.ack(1);
    await first.close();
    const second = await open();
    expect(await all(second)).toEqual(['2:b', '3:c']);
    expect(second.append(bytes('d'))).toBe(4);
    await second.close();
    const third = await open();
    expect(await all(third)).toEqual(['2:b', '3:c', '4:d']);
    await third.close();
  });

  it('never gives a number twice, also when everything was acknowledged or the segments are lost', async () => {
    const first = await open();
    for (const t of ['a', 'b']) first.append(bytes(t));
    await first.flush();
    await first.ack(2);
    await first.close();
    for (const name of segments()) rmSync(join(dir, name));
    const second = await open();
    expect(second.append(bytes('c'))).toBe(3);
    await second.close();
  });

  it('deletes a segment when its last record is acknowledged, and not before', async () => {
    const spool = await open({ segmentBytes: 2 * (headerBytes + 100) });
    for (let i = 0; i < 6; i += 1) spool.append(new Uint8Array(100));
    await spool.flush();
    expect(segments().length).toBe(3);
    await spool.ack(3);
    expect(segments().length).toBe(2);
    await spool.ack(6);
    expect(segments().length).toBe(0);
    expect(spool.stats()).toEqual({ records: 0, bytes: 0, dropped: 0 });
    expect(spool.append(bytes('x'))).toBe(7);
    await spool.close();
  });

  it('refuses the newest above the cap, counts it, remembers the count, and takes records again after an ack', async () => {
    const cap = { capBytes: 10 * (headerBytes + 100), segmentBytes: 2 * (headerBytes + 100) };
    const spool = await open(cap);
    const given = Array.from({ length: 13 }, () => spool.append(new Uint8Array(100)));
    expect(given.slice(9)).toEqual([10, undefined, undefined, undefined]);
    await spool.flush();
    expect(spool.stats().dropped).toBe(3);
    await spool.close();
    const again = await open(cap);
    expect(again.stats()).toMatchObject({ records: 10, dropped: 3 });
    await again.ack(2);
    expect(again.append(new Uint8Array(100))).toBe(11);
    await again.close();
  });

  it('refuses a record that is larger than any report', async () => {
    const spool = await open();
    expect(spool.append(new Uint8Array(1024 * 1024 + 1))).toBeUndefined();
    expect(spool.append(new Uint8Array(1024 * 1024))).toBe(1);
    await spool.flush();
    expect((await spool.after(0, 1))[0]?.record.length).toBe(1024 * 1024);
    await spool.close();
  });

  it('acknowledges at most what it has written', async () => {
    const spool = await open();
    spool.append(bytes('a'));
    await spool.ack(99);
    await spool.flush();
    expect(await all(spool)).toEqual(['1:a']);
    await spool.close();
  });

  it('writes everything that is pending with one flush, however many wait for it', async () => {
    const spool = await open();
    const waiting = Array.from({ length: 200 }, (_, i) => {
      spool.append(bytes(String(i)));
      return spool.flush();
    });
    await Promise.all(waiting);
    expect((await all(spool)).length).toBe(200);
    await spool.close();
  });

  it('reads on over segments in small steps', async () => {
    const spool = await open({ segmentBytes: 1000 });
    for (let i = 1; i <= 300; i += 1) spool.append(bytes(`record ${i}`));
    await spool.flush();
    const seen: number[] = [];
    for (let last = 0; ; last = seen.at(-1) ?? 0) {
      const part = await spool.after(last, 7);
      if (part.length === 0) break;
      seen.push(...part.map((r) => r.seq));
    }
    expect(seen).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    await spool.close();
  });
});

describe('recovery', () => {
  /** Three flushed records, and where the last one begins. */
  async function threeRecords(): Promise<{ path: string; file: Buffer; lastAt: number }> {
    const spool = await open();
    for (const t of ['first', 'second', 'third']) spool.append(bytes(t));
    await spool.flush();
    await spool.close();
    const path = join(dir, segments()[0] ?? '');
    const file = readFileSync(path);
    return { path, file, lastAt: file.length - headerBytes - 'third'.length };
  }
  /** As after a crash in the middle of the third write: that the third was written was not noted either. */
  const forgetThird = (): void => rmSync(join(dir, 'position'));

  it('keeps the records before a write that was torn at any byte', async () => {
    const { path, file, lastAt } = await threeRecords();
    for (let length = lastAt; length < file.length; length += 1) {
      forgetThird();
      writeFileSync(path, file.subarray(0, length));
      const spool = await open();
      expect(await all(spool), `torn at ${length}`).toEqual(['1:first', '2:second']);
      expect(spool.recovery).toEqual({ tornBytes: length - lastAt, rotten: 0 });
      expect(spool.append(bytes('again'))).toBe(3);
      await spool.close();
      expect(segments().length).toBe(2);
      rmSync(join(dir, segments()[1] ?? ''));
    }
  });

  it('cuts the tail off when any one byte of the last record is not what was written', async () => {
    const { path, file, lastAt } = await threeRecords();
    for (let at = lastAt; at < file.length; at += 1) {
      forgetThird();
      const spoilt = Buffer.from(file);
      spoilt[at] = (spoilt[at] ?? 0) ^ 0x40;
      writeFileSync(path, spoilt);
      const spool = await open();
      expect(await all(spool), `byte ${at}`).toEqual(['1:first', '2:second']);
      await spool.close();
    }
  });

  it('counts a flushed record that has rotted as dropped, and does not give its number again', async () => {
    const { path, file } = await threeRecords();
    truncateSync(path, file.length - 1);
    const spool = await open();
    expect(spool.recovery.rotten).toBe(1);
    expect(spool.stats()).toMatchObject({ records: 2, dropped: 1 });
    expect(spool.append(bytes('fourth'))).toBe(4);
    await spool.flush();
    expect(await all(spool)).toEqual(['1:first', '2:second', '4:fourth']);
    await spool.close();
  });

  it('does not take a stale record behind the last one for good', async () => {
    const { path, file, lastAt } = await threeRecords();
    forgetThird();
    writeFileSync(path, Buffer.concat([file.subarray(0, lastAt), file.subarray(0, lastAt)]));
    const spool = await open();
    expect(await all(spool)).toEqual(['1:first', '2:second']);
    await spool.close();
  });

  it.each([
    ['zeros', Buffer.alloc(200)],
    [
      'garbage',
      Buffer.from('not a position file, but long enough to look like one to a careless reader of bytes'),
    ],
    ['nothing', Buffer.alloc(0)],
  ])('starts from the segments when the position file holds %s', async (_name, content) => {
    await threeRecords();
    writeFileSync(join(dir, 'position'), content);
    const spool = await open();
    expect(await all(spool)).toEqual(['1:first', '2:second', '3:third']);
    await spool.close();
  });

  it('says in a sentence that its directory is a file', async () => {
    const path = join(dir, 'file');
    writeFileSync(path, '');
    await expect(SegmentSpool.open({ dir: path })).rejects.toMatchObject({ code: 'not-a-directory' });
    await expect(SegmentSpool.open({ dir: join(path, 'below') })).rejects.toThrow(
      /is not a directory: move the file/,
    );
  });
});
