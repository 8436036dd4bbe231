import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maxBatchRecords } from '../proto/convert.ts';
import { BareLoop, type BareRow, rowsIn } from './collector/bare-loop.ts';
import { type DriftKind, driftsOf } from './collector/drifts.ts';
import { type FanOut, fanOut } from './collector/fan-out.ts';
import { Fleet } from './collector/fleet.ts';
import { ShippedCollector } from './collector/shipped.ts';
import type { BenchOptions, BenchResult, Figure } from './result.ts';
import { cpuMicros, median } from './statistics.ts';

interface Length {
  readonly agents: number;
  /** Drifts of one agent in one round. */
  readonly each: number;
  readonly rounds: number;
  /** Of the worst case. */
  readonly ownRounds: number;
}
const long: Length = { agents: 1000, each: 64, rounds: 7, ownRounds: 3 };
const short: Length = { agents: 200, each: 64, rounds: 5, ownRounds: 1 };
/** Rounds for the compiler to settle on both sides, and for the tables to be more than empty. */
const warmUp = 2;

/** µs of CPU of a round's drifts on both sides, and how long the collector took. */
interface Round {
  readonly collector: number;
  readonly bare: number;
  readonly seconds: number;
}

interface Memory {
  /** MiB. */
  readonly before: number;
  readonly connected: number;
}

interface Sides {
  readonly collector: ShippedCollector;
  readonly bare: BareLoop;
  readonly fleet: Fleet;
  readonly began: number;
}

/**
 * What the shipped collector spends on a drift from its TLS socket to the acknowledgement after the commit, against
 * inserting the same rows, ready-made, with the same durability (DESIGN §9: at most twice).
 */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const length = quick ? short : long;
  const dir = mkdtempSync(join(tmpdir(), 'whorl-bench-collector-'));
  const files = [join(dir, 'collector', 'whorl.db'), join(dir, 'bare.db')] as const;
  const collector = await ShippedCollector.start(dir);
  const bare = new BareLoop(files[1]);
  const fleet = await Fleet.start(length.agents, collector.caFile);
  try {
    const sides: Sides = { collector, bare, fleet, began: Date.now() };
    const memory = await connect(sides);
    const shared = await rounds(sides, 'shared', length, length.rounds, warmUp);
    const own = await rounds(sides, 'own', length, length.ownRounds, 0);
    await fleet.disconnect();
    const { caFile } = collector;
    await collector.stop();
    bare.close();
    mustBeEqual(rowsIn(files[0]), rowsIn(files[1]));
    return result({ shared, own, memory, order: await fanOut(fleet, caFile) }, length);
  } finally {
    fleet.stop();
    bare.close();
    await collector.stop();
    rmSync(dir, { recursive: true });
  }
}

async function connect({ collector, fleet }: Sides): Promise<Memory> {
  const before = collector.rssMib;
  await fleet.connect(collector.address);
  await collector.settled();
  return { before, connected: collector.rssMib };
}

async function rounds(
  sides: Sides,
  kind: DriftKind,
  { each }: Length,
  measured: number,
  before: number,
): Promise<Round[]> {
  const found: Round[] = [];
  for (let round = 0; round < before + measured; round++) {
    const time = await oneRound(sides, kind, round, each);
    if (round >= before) found.push(time);
  }
  return found;
}

async function oneRound(
  { collector, bare, fleet, began }: Sides,
  kind: DriftKind,
  round: number,
  each: number,
): Promise<Round> {
  const load = { kind, round, each, began };
  await fleet.load(load);
  const rows = asTheyArrive(fleet.size, each, (node) =>
    driftsOf(node, load).map((drift) => bare.rowOf(node, drift)),
  );
  const before = collector.cpuMicros;
  const started = performance.now();
  await fleet.send();
  const seconds = (performance.now() - started) / 1000;
  // What follows an acknowledgement belongs to the drift.
  await collector.settled();
  const spent = collector.cpuMicros - before;
  return { collector: spent, bare: cpuMicros(() => bare.store(rows)), seconds };
}

/** A message of each agent in turn: the order in which the collector stores them, too. */
function asTheyArrive(agents: number, each: number, rowsOf: (node: number) => readonly BareRow[]): BareRow[] {
  const perAgent = Array.from({ length: agents }, (_, node) => rowsOf(node));
  return Array.from({ length: Math.ceil(each / maxBatchRecords) }, (_, i) =>
    perAgent.flatMap((rows) => rows.slice(i * maxBatchRecords, (i + 1) * maxBatchRecords)),
  ).flat();
}

/** Or the loop would be measured with other rows than the collector. */
function mustBeEqual(ours: Readonly<Record<string, number>>, theirs: Readonly<Record<string, number>>): void {
  const [left, right] = [JSON.stringify(ours), JSON.stringify(theirs)];
  if (left !== right) throw new Error(`the collector left ${left} rows and the bare loop ${right}`);
}

interface Found {
  readonly shared: readonly Round[];
  readonly own: readonly Round[];
  readonly memory: Memory;
  readonly order: FanOut;
}

function result({ shared, own, memory, order }: Found, { agents, each }: Length): BenchResult {
  const drifts = agents * each;
  const worst = ratioOf(own).toFixed(2);
  return {
    name: 'collector',
    measures:
      'CPU of a bare better-sqlite3 insert loop per row-set of a drift, against the CPU of the shipped collector per acknowledged drift (TLS, gRPC, strict parsing, roll-up, decision, SQLite), same rows, same durability (ratio = loop / collector)',
    ratio: ratioOf(shared),
    bar: { better: 'bigger', value: 0.5 },
    figures: [
      ...costs('', '', shared, drifts),
      ...costs('own', 'worst case, each drift an incident of its own: ', own, drifts),
      { key: 'agents', value: agents, unit: '', label: 'agents, an mTLS stream each' },
      { key: 'driftsPerRound', value: drifts, unit: '', label: 'drifts per round' },
      { key: 'rounds', value: shared.length, unit: '', label: 'rounds, alternating; medians' },
      { key: 'rssBefore', value: memory.before, unit: 'MiB', label: 'RSS before they connect' },
      { key: 'rssConnected', value: memory.connected, unit: 'MiB', label: 'RSS with all connected' },
      {
        key: 'kibPerStream',
        value: ((memory.connected - memory.before) * 1024) / agents,
        unit: 'KiB',
        label: 'per stream',
      },
      { key: 'orderWriteMs', value: order.write, unit: 'ms', label: 'an order to all: write loop' },
      { key: 'orderP50Ms', value: order.p50, unit: 'ms', label: 'an order to all: arrival p50' },
      { key: 'orderP99Ms', value: order.p99, unit: 'ms', label: 'an order to all: arrival p99' },
    ],
    notes: [
      'a bad rollout meets all nodes: 110 workloads with 24 drift keys each, shared by all; each drift a new occurrence with its decision, rolled up into one of 2 640 incidents; 64 to a message',
      `when each drift is an incident of its own (four rows instead of two), the ratio is ${worst}`,
      'both databases are compared at the end: as many rows in each table',
      'ids are hashes, so indices are met at random places; both databases grow alike during the run',
      'agents run in processes of their own; CPU of the collector as the scheduler counts it, all threads',
      'an order to all is sent by the collector’s edge alone, since no brake would let it pass; the agents that receive it run on the same machine',
    ],
  };
}

/** Of a round, since a neighbour on the machine slows both sides of it; the median over rounds. */
function ratioOf(times: readonly Round[]): number {
  return median(times.map(({ bare, collector }) => bare / collector));
}

function costs(key: string, about: string, times: readonly Round[], drifts: number): Figure[] {
  const name = (rest: string): string =>
    key === '' ? rest : `${key}${rest.slice(0, 1).toUpperCase()}${rest.slice(1)}`;
  const of = (what: keyof Round): number => median(times.map((t) => t[what]));
  return [
    {
      key: name('collectorMicros'),
      value: of('collector') / drifts,
      unit: 'µs/drift',
      label: `${about}collector`,
    },
    {
      key: name('bareMicros'),
      value: of('bare') / drifts,
      unit: 'µs/drift',
      label: `${about}bare insert loop`,
    },
    {
      key: name('driftsPerSecond'),
      value: drifts / of('seconds'),
      unit: '/s',
      label: `${about}durable and acknowledged, wall`,
    },
  ];
}
