import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SegmentSpool } from './spool-segments.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-spool-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('spool, whatever is done to it', () => {
  type Step =
    | { do: 'append'; size: number }
    | { do: 'flush' }
    | { do: 'ack'; share: number }
    | { do: 'crash' };
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), size: fc.nat(300) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('ack' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  );

  it('loses nothing flushed, shows nothing acknowledged, numbers upwards and counts what it refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const at = mkdtempSync(join(dir, 'run-'));
        const limits = { dir: join(at, '0'), segmentBytes: 1000, capBytes: 5000 };
        let spool = await SegmentSpool.open(limits);
        let [appended, flushed, acked, refused, refusedKept] = [0, 0, 0, 0, 0];
        for (const s of steps) {
          if (s.do === 'append') {
            const seq = spool.append(new Uint8Array(s.size));
            if (seq === undefined) refused += 1;
            else {
              appended += 1;
              expect(seq).toBe(appended);
            }
          } else if (s.do === 'flush') {
            await spool.flush();
            if (flushed < appended) refusedKept = refused;
            flushed = appended;
          } else if (s.do === 'ack') {
            const to = acked + Math.floor((flushed - acked) * s.share);
            if (to > acked) refusedKept = refused;
            await spool.ack(to);
            acked = to;
          } else {
            // A crash: the buffer is gone, the files are as they are.
            const found = `${limits.dir}'`;
            cpSync(limits.dir, found, { recursive: true });
            await spool.close();
            limits.dir = found;
            spool = await SegmentSpool.open(limits);
            appended = flushed;
            refused = refusedKept;
          }
          expect((await spool.after(0, 1e6)).map((r) => r.seq)).toEqual(
            Array.from({ length: flushed - acked }, (_, i) => acked + 1 + i),
          );
          expect(spool.stats()).toMatchObject({ records: appended - acked, dropped: refused });
          expect(spool.stats().bytes).toBeLessThanOrEqual(limits.capBytes);
        }
        await spool.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('spool of a process that is killed', () => {
  /** Appends, flushes and acknowledges without end, and says what it has been promised: `f N` flushed, `a N` acknowledged. */
  const writer = `
    const { SegmentSpool } = await import(${JSON.stringify(new URL('./spool-segments.ts', import.meta.url).href)});
    const spool = await SegmentSpool.open({ dir: process.argv[1], segmentBytes: 4096 });
    const { writeSync } = await import('node:fs');
    for (let last = 0; ; ) {
      for (let i = 0; i < 5; i += 1) last = spool.append(Buffer.from(String(Math.random()).repeat(i + 1)));
      await spool.flush();
      writeSync(1, 'f ' + last + '\\n');
      if (last % 3 === 0) { await spool.ack(last - 7); writeSync(1, 'a ' + (last - 7) + '\\n'); }
    }`;

  it('has everything flushed and nothing acknowledged, whenever that happens', async () => {
    let promised = { flushed: 0, acked: 0 };
    for (let round = 0; round < 6; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', writer, dir]);
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += String(chunk);
        if (said.split('\n').length > 3 + 40 * round) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const last = (word: string, before: number): number =>
        Math.max(
          before,
          ...[...said.matchAll(new RegExp(`^${word} (\\d+)$`, 'gm'))].map((m) => Number(m[1])),
        );
      promised = { flushed: last('f', promised.flushed), acked: last('a', promised.acked) };
      const spool = await SegmentSpool.open({ dir });
      const seqs = (await spool.after(0, 1e6)).map((r) => r.seq);
      expect(spool.recovery.rotten).toBe(0);
      expect(seqs[0] ?? promised.flushed + 1).toBeGreaterThan(promised.acked);
      expect(seqs.at(-1)).toBeGreaterThanOrEqual(promised.flushed);
      expect(seqs).toEqual(seqs.map((_, i) => (seqs[0] ?? 0) + i));
      expect(seqs[0]).toBeLessThanOrEqual(promised.acked + 8 + 15);
      await spool.close();
    }
    expect(promised.flushed).toBeGreaterThan(100);
  }, 60_000);
});
