import { type ChildProcess, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { procStateView } from '../agent/adapters/linux/state-view.ts';
import { Attribution } from '../agent/core/attribution.ts';
import { Counters } from '../agent/core/counters.ts';
import { StateSweep } from '../agent/state-sweep.ts';
import type { Event } from '../fingerprint/event.ts';
import type { BenchOptions, BenchResult, Figure } from './result.ts';
import { median } from './statistics.ts';

const periodMs = 30_000;
/** As many as a crowded node has, and a tenth. */
const sizes = [100, 1_000];
/** A process of an instance: a cgroup of its own name is enough, nobody is put into it. */
const cgroup = { id: 1, path: '/bench' };

interface Cost {
  readonly firstMs: number;
  readonly laterMs: number;
  readonly loads: number;
}

/**
 * What a look at the present state costs: real processes, all of them watched. Their executions are told beforehand, as
 * the sensor tells them; the first sweep reads all their memory, later ones only what changed.
 */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const costs = new Map<number, Cost>();
  for (const size of sizes) costs.set(size, await measure(size, quick ? 5 : 20));
  const largest = costs.get(1_000)?.laterMs ?? Number.NaN;
  const figures = [...costs].flatMap(([size, cost]): Figure[] => [
    { key: `firstMs${size}`, value: cost.firstMs, unit: 'ms', label: `${size} processes, first sweep, CPU` },
    { key: `laterMs${size}`, value: cost.laterMs, unit: 'ms', label: `${size} processes, later sweeps, CPU` },
    { key: `loads${size}`, value: cost.loads, unit: '', label: `${size} processes, mappings told at first` },
  ]);
  return {
    name: 'sweep',
    measures: 'CPU of one sweep of 1 000 watched processes every 30 s, as a share of one core',
    ratio: largest / periodMs,
    bar: { better: 'smaller', value: 0.01 },
    figures,
    notes: [
      'a twentieth of the processes is read whole in each later sweep',
      'without judging what is found',
    ],
  };
}

async function measure(size: number, rounds: number): Promise<Cost> {
  const children = Array.from({ length: size }, () => spawn('sleep', ['1000'], { stdio: 'ignore' }));
  try {
    await settled(children);
    const { sweep, found } = sweeper();
    const firstMs = await cost(() => sweep.once(new AbortController().signal));
    const later: number[] = [];
    for (let i = 0; i < rounds; i += 1)
      later.push(await cost(() => sweep.once(new AbortController().signal)));
    return { firstMs, laterMs: median(later), loads: found.filter((e) => e.kind === 'load').length };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

/** A child is itself only after it has executed. */
async function settled(children: readonly ChildProcess[]): Promise<void> {
  for (const { pid } of children)
    while (!readlinkSync(`/proc/${pid}/exe`).endsWith('sleep'))
      await new Promise((done) => setTimeout(done, 10));
}

function sweeper(): { sweep: StateSweep; found: Event[] } {
  const view = procStateView({ proc: '/proc', cgroups: undefined });
  const attribution = new Attribution({ counters: new Counters() });
  const found: Event[] = [];
  const counters = new Counters();
  const sweep = new StateSweep({
    view,
    attribution,
    found: (events) => {
      found.push(...events);
      attribution.found(events);
    },
    foundUnknown: () => undefined,
    isBehind: () => false,
    counters,
    now: () => Date.now() * 1000,
    log: console,
    confirmMs: 0,
  });
  const time = Date.now() * 1000;
  const base = { time, process: { pid: 1, start: 0 } };
  attribution.observe({ ...base, kind: 'cgroup', action: 'made', ...cgroup });
  for (const pid of view.pids()) {
    const glance = view.glance(pid);
    const seen = glance === undefined ? undefined : view.view(pid);
    if (glance === undefined || seen === undefined) continue;
    const exe = Buffer.from(seen.exe).toString();
    const watched = exe.endsWith('/sleep') && glance.parent === process.pid ? { cgroup: cgroup.id } : {};
    const who = { pid, start: glance.startTicks * 10_000 };
    attribution.observe({ time, process: who, kind: 'exec', exe, args: [], ...watched });
  }
  return { sweep, found };
}

async function cost(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
