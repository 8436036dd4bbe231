import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../fingerprint/report.ts';
import { epochFile } from './adapters/epoch-file.ts';
import { Counters } from './core/counters.ts';
import { Epochs } from './epochs.ts';
import type { EpochStore } from './ports/uplink.ts';
import type { StateLine } from './state-line.ts';

const [e1, e2] = ['1'.repeat(32), '2'.repeat(32)];

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-epoch-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function agentWith(store: EpochStore) {
  const said: StateLine[] = [];
  const reports: Report[] = [];
  const counters = new Counters();
  let told = 0;
  const epochs = new Epochs({
    store,
    outbox: { put: (report) => void reports.push(report) },
    retell: () => {
      told += 1;
    },
    counters,
    now: () => 9_000_000,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    say: (line) => said.push(line),
  });
  return { epochs, said, reports, counters, told: () => told };
}

describe('a collector that comes back from a backup', () => {
  it('is told anew what runs, and what it lacks is counted once, also over a restart of the agent', async () => {
    const file = join(dir, 'epoch');
    const first = agentWith(epochFile(file));
    first.epochs.welcomed({ epoch: e1, stored: 0, acked: 0 });
    first.epochs.welcomed({ epoch: e2, stored: 40, acked: 70 });
    first.epochs.welcomed({ epoch: e2, stored: 40, acked: 70 });
    expect(first.counters.snapshot()).toMatchObject({ 'lost.collector-restored': 30 });
    expect(first.said).toEqual([{ type: 'collector', state: 'restored', stored: 40, acked: 70, lost: 30 }]);
    expect(first.told()).toBe(1);
    expect(first.reports).toEqual([]);
    await expect.poll(() => readFileSync(file, 'utf8')).toContain(e2);

    const second = agentWith(epochFile(file));
    second.epochs.welcomed({ epoch: e2, stored: 40, acked: 70 });
    expect(second.said).toEqual([]);
  });

  it('that is welcomed twice in a moment leaves the later word on disk, whole', async () => {
    const file = join(dir, 'epoch');
    const store = epochFile(file);
    await Promise.all([700_000, 7_000, 70].map((base, i) => store.save({ epoch: i < 2 ? e1 : e2, base })));
    expect(epochFile(file).known).toEqual({ epoch: e2, base: 70 });
  });

  it('without having been restored is an alarm on record there, once', () => {
    const agent = agentWith(epochFile(join(dir, 'epoch')));
    agent.epochs.welcomed({ epoch: e1, stored: 0, acked: 0 });
    agent.epochs.welcomed({ epoch: e1, stored: 40, acked: 70 });
    agent.epochs.welcomed({ epoch: e1, stored: 40, acked: 70 });
    expect(agent.said).toMatchObject([{ state: 'rolled-back', lost: 30 }]);
    expect(agent.reports).toMatchObject([{ type: 'gap', lost: 30, reason: 'collector-rolled-back' }]);
    expect(agent.told()).toBe(1);
  });

  it.each(['', 'not json', '{"epoch":"../x","base":1}', `{"epoch":"${e1}","base":"many"}`])(
    'is met as for the first time when what was kept is %j',
    (text) => {
      writeFileSync(join(dir, 'epoch'), text);
      expect(epochFile(join(dir, 'epoch')).known).toBeUndefined();
    },
  );
});
