import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask } from '../cli/control-client.ts';
import { maxBatchRecords } from '../proto/convert.ts';
import { minted } from '../test/fakes/enrolled.ts';
import { BenchAgent } from './collector/agents.ts';
import { BareLoop, type BareRow } from './collector/bare-loop.ts';
import { incidentReport } from './collector/incidents.ts';
import type { BenchOptions, BenchResult } from './result.ts';
import { cpuMicros, median } from './statistics.ts';

const agents = 50;
/** Rounds for the compiler to settle on both sides, and for the tables to be more than empty. */
const warmUp = 4;

/**
 * What the shipped collector spends on a drift from its TLS socket to the acknowledgement after the commit, against
 * inserting the same rows, ready-made, with the same durability (target T9).
 */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const perAgent = quick ? 256 : 512;
  const rounds = quick ? 5 : 9;
  const dir = mkdtempSync(join(tmpdir(), 'whorl-bench-collector-'));
  const { child, ready } = await startCollector(dir);
  const bare = new BareLoop(join(dir, 'bare.db'));
  const nodes = Array.from({ length: agents }, (_, i) => `node-${i}`);
  const fleet = await Promise.all(
    nodes.map(async (node) => {
      const shown = await minted(ready.caFile, { node, cluster: 'default' });
      return new BenchAgent(ready.address, shown, node);
    }),
  );
  try {
    await Promise.all(fleet.map((agent) => agent.welcomed()));
    const times: { collector: number; bare: number; seconds: number }[] = [];
    for (let round = 0; round < rounds + warmUp; round++) {
      const time = await oneRound({ child, bare, fleet, round, perAgent });
      if (round >= warmUp) times.push(time);
    }
    return result(times, { perAgent, rounds });
  } finally {
    for (const agent of fleet) agent.close();
    bare.close();
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(dir, { recursive: true });
  }
}

async function oneRound(o: {
  child: ChildProcess;
  bare: BareLoop;
  fleet: readonly BenchAgent[];
  round: number;
  perAgent: number;
}): Promise<{ collector: number; bare: number; seconds: number }> {
  const loads = o.fleet.map((agent) => {
    const reports = Array.from({ length: o.perAgent }, (_, n) => incidentReport(agent.node, o.round, n));
    return { agent, reports, batches: agent.encode(reports.map((r) => r.json)) };
  });
  const rows = asTheyArrive(loads);
  const before = cpuOf(o.child.pid ?? 0);
  const started = performance.now();
  await Promise.all(loads.map(({ agent, batches }) => agent.send(batches)));
  const seconds = (performance.now() - started) / 1000;
  // Decisions are recorded after the acknowledgement: they belong to the drift.
  await settled(o.child.pid ?? 0);
  const collector = cpuOf(o.child.pid ?? 0) - before;
  return { collector, bare: cpuMicros(() => o.bare.store(rows)), seconds };
}

/** A message of each agent in turn: the order in which the collector stores them, too. */
function asTheyArrive(
  loads: readonly { agent: BenchAgent; reports: readonly { id: string; json: Uint8Array }[] }[],
): BareRow[] {
  const perAgent = loads.map(({ agent: { node }, reports }) =>
    reports.map(({ id, json }, n) => ({
      id,
      agent: `agent-${node}`,
      node,
      workload: 1 + (n % 110),
      last: n,
      report: Buffer.from(json).toString(),
    })),
  );
  const batches = Math.ceil((perAgent[0]?.length ?? 0) / maxBatchRecords);
  return Array.from({ length: batches }, (_, i) =>
    perAgent.flatMap((rows) => rows.slice(i * maxBatchRecords, (i + 1) * maxBatchRecords)),
  ).flat();
}

/** Until a quarter of a second passes in which the process spends next to nothing. */
async function settled(pid: number): Promise<void> {
  for (let last = -1; ; ) {
    const now = cpuOf(pid);
    if (now - last < 10_000) return;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function result(
  times: readonly { collector: number; bare: number; seconds: number }[],
  { perAgent, rounds }: { perAgent: number; rounds: number },
): BenchResult {
  const drifts = agents * perAgent;
  const collector = median(times.map((t) => t.collector)) / drifts;
  const bare = median(times.map((t) => t.bare)) / drifts;
  return {
    name: 'collector',
    measures:
      'CPU of the shipped collector per acknowledged, durable drift (TLS, gRPC, strict parsing, decision, SQLite) against a bare better-sqlite3 insert loop of the same rows with the same durability (ratio = collector / loop)',
    ratio: collector / bare,
    bar: { better: 'smaller', value: 2 },
    figures: [
      { key: 'collectorMicros', value: collector, unit: 'µs/drift', label: 'collector' },
      { key: 'bareMicros', value: bare, unit: 'µs/drift', label: 'bare insert loop' },
      {
        key: 'driftsPerSecond',
        value: drifts / median(times.map((t) => t.seconds)),
        unit: '/s',
        label: 'durable and acknowledged, wall',
      },
      { key: 'agents', value: agents, unit: '', label: 'agents, a TLS stream each' },
      { key: 'driftsPerRound', value: drifts, unit: '', label: 'drifts per round' },
      { key: 'rounds', value: rounds, unit: '', label: 'rounds, alternating; medians' },
    ],
    notes: [
      'each drift is a new incident of its own with its decision: two rows; 64 to a message',
      'ids are hashes, so indices are met at random places; both tables grow alike during the run, which is most of the cost',
      'CPU of the collector as the kernel counts it, all threads; 10 ms resolution',
    ],
  };
}

interface Ready {
  readonly address: string;
  readonly caFile: string;
}

/** The shipped program with its defaults, but for the port. */
async function startCollector(dir: string): Promise<{ child: ChildProcess; ready: Ready }> {
  const cli = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
  const args = [
    'collector',
    '--data-dir',
    dir,
    ...['listen', 'httpListen', 'metricsListen'].flatMap((key) => ['--set', `${key}="127.0.0.1:0"`]),
    '--set',
    'logLevel="error"',
  ];
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const at = join(dir, 'collector');
  while (child.exitCode === null) {
    const status = await ask(join(at, 'collector.sock'), 'collector', {
      method: 'GET',
      path: '/api/v1/status',
    });
    if (typeof status === 'object' && status !== null && 'address' in status) {
      return { child, ready: { address: String(status.address), caFile: join(at, 'tls', 'ca.pem') } };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the collector did not start');
}

/** User and system CPU of the process, µs, from /proc/<pid>/stat (USER_HZ is 100 on every architecture of Linux we run on). */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
