import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SegmentSpool } from '../../agent/adapters/spool-segments.ts';

let mount = '';
beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), 'whorl-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]);
});
afterEach(() => {
  execFileSync('umount', ['-l', mount]);
  rmSync(mount, { recursive: true });
});

const open = (): Promise<SegmentSpool> =>
  SegmentSpool.open({ dir: join(mount, 'spool'), segmentBytes: 64 * 1024 });
const record = (n: number): Buffer => Buffer.from(`record ${n} `.padEnd(1000, '.'));

describe('the spool on a full disk', () => {
  it('keeps what it has, says so, counts what it must refuse, and writes on when there is space again', async () => {
    let spool = await open();
    writeFileSync(join(mount, 'ballast'), Buffer.alloc(500_000));
    for (let n = 1; n <= 1000; n += 1) spool.append(record(n));
    await expect(spool.flush()).rejects.toMatchObject({ code: 'no-space' });
    await expect(spool.flush()).rejects.toThrow(/is full: free some space/);
    const stored = await spool.after(0, 2000);
    expect(stored.length).toBeGreaterThan(100);
    expect(stored.length).toBeLessThan(600);

    // Eight MiB wait in memory; what comes after that is refused.
    let refused = 0;
    for (let n = 1001; n <= 9000; n += 1) if (spool.append(record(n)) === undefined) refused += 1;
    expect(refused).toBeGreaterThan(0);
    expect(spool.stats().dropped).toBe(refused);
    await expect(spool.flush()).rejects.toMatchObject({ code: 'no-space' });

    // The collector takes all there is, again and again: everything that was not refused comes through, in order.
    rmSync(join(mount, 'ballast'));
    const seen = new Set<number>();
    for (let last = 0; last < 9000 - refused; ) {
      await spool.flush().catch(() => undefined);
      const part = await spool.after(last, 2000);
      for (const { seq, record: bytes } of part) {
        expect(Buffer.from(bytes).equals(record(seq))).toBe(true);
        seen.add(seq);
      }
      expect(part.length).toBeGreaterThan(0);
      last = part.at(-1)?.seq ?? last;
      await spool.ack(last);
    }
    expect(seen.size).toBe(9000 - refused);
    await spool.close();
    spool = await open();
    expect(spool.stats()).toMatchObject({ records: 0, dropped: refused });
    expect(spool.recovery).toEqual({ tornBytes: 0, rotten: 0 });
    await spool.close();
  });
});

describe('the spool on a disk that cannot be written', () => {
  it('is refused with a sentence', async () => {
    await (await open()).close();
    execFileSync('mount', ['-o', 'remount,ro', mount]);
    await expect(open()).rejects.toMatchObject({
      code: 'read-only',
      message: expect.stringContaining('write access'),
    });
  });
});
