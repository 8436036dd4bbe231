import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Child } from '../../test/fakes/children.ts';
import { traceeSource } from './source-tracee.ts';

/**
 * Tracee pings and closes the stream of who takes longer than a second to answer, at a time when that does the most harm.
 * Its own process here: what keeps our loop busy must not keep its pings back.
 */

let dir: string;
let ending: AbortController;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-keepalive-'));
  ending = new AbortController();
});
afterEach(() => {
  ending.abort();
  rmSync(dir, { recursive: true });
});

/** In the long run as Tracee does it; else a ping each second. */
const isLong = process.env.WHORL_TEST_LONG === '1';
const pingSeconds = isLong ? 5 : 1;
const watchMs = isLong ? 30_000 : 3_500;

function busyFor(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

async function watched(
  rate: number,
  sink: (bytes: Uint8Array) => void,
): Promise<{ ended: boolean; bytes: number }> {
  const address = `unix:${join(dir, 'tracee.sock')}`;
  const tracee = new Child(new URL('../../test/fakes/tracee-process.ts', import.meta.url), {
    address,
    pingSeconds,
    rate,
    bytes: 570,
  });
  await tracee.line((line) => line.type === 'ready');
  let bytes = 0;
  let ended = false;
  const source = traceeSource({
    endpoints: [{ called: 'Tracee', address }],
    transport: 'http2',
    mask: true,
    now: () => Date.now() * 1_000,
  });
  const run = source
    .run(
      {
        bytes: (part) => {
          bytes += part.length;
          sink(part);
        },
        note: () => undefined,
      },
      ending.signal,
    )
    .finally(() => {
      ended = true;
    });
  await Promise.race([sleep(watchMs), run]);
  const was = { ended, bytes };
  ending.abort();
  await run;
  await tracee.line((line) => line.type === 'left');
  return was;
}

// Tried again: a machine that gives us no turn for a second is no fault of ours.
describe('pings of Tracee', { timeout: 60_000, retry: 2 }, () => {
  it('are answered while judging stands still for 400 ms at a time', async () => {
    let rested = 0;
    const { ended, bytes } = await watched(20_000, () => {
      // Four fifths of the time; without rest nobody keeps up with anything.
      if (performance.now() - rested < 100) return;
      busyFor(400);
      rested = performance.now();
    });
    expect(ended).toBe(false);
    expect(bytes).toBeGreaterThan(0);
  });

  it('are answered while 50 000 events come each second, in memory that does not grow', async () => {
    const before = process.memoryUsage().rss;
    const { ended, bytes } = await watched(50_000, () => undefined);
    expect(ended).toBe(false);
    expect(bytes / 575).toBeGreaterThan(50_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
  });
});
