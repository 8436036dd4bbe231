import { setTimeout as sleep } from 'node:timers/promises';
import { fullNode } from './ingest/fleet.ts';
import { atRates, type Rate } from './ingest/latency.ts';
import { busyShares, type Shares, usualShares } from './ingest/mixture.ts';
import { BenchNode, type Running } from './ingest/node.ts';
import { cpuMicrosOf, ReferenceProcess, rssMibOf } from './ingest/process.ts';
import { policyAnew } from './ingest/signed.ts';
import type { Fields } from './ingest/tracee-frames.ts';
import type { BenchOptions, BenchResult, Figure } from './result.ts';
import { median } from './statistics.ts';

/** Of a peer that publishes what it costs at this rate (reference: performance, T12). */
const published = 1_142;
/** The agent looks at its policy each minute. */
const swapSeconds = 66;
/** At such a rate a cost is mostly that of waking up, which differs by half from one minute to the next. */
const slowRounds = 3;

interface Length {
  readonly rounds: number;
  /** Messages per round, of the agent and of the reference. */
  readonly events: number;
  readonly reference: number;
  readonly seconds: number;
}
const long: Length = { rounds: 5, events: 400_000, reference: 60_000, seconds: 8 };
const short: Length = { rounds: 3, events: 150_000, reference: 30_000, seconds: 3 };

interface Costs {
  readonly ours: number;
  readonly theirs: number;
}

interface Memory {
  idle: number;
  known: number;
  /** The most that was seen after any part of the run. */
  most: number;
}

/** The shipped agent on a full node, from Tracee's socket to the verdict. */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const length = quick ? short : long;
  const node = await BenchNode.make(quick ? { copies: 20, entries: 400 } : fullNode);
  try {
    const memory: Memory = { idle: 0, known: 0, most: 0 };
    const full = await costs(node, 'full', usualShares, length, memory);
    const masked = await costs(node, 'masked', usualShares, length);
    const busy = quick ? undefined : await costs(node, 'full', busyShares, length);
    const { rates, slow, swap } = await latencies(node, length, memory, quick);
    return result(node, { full, masked, busy, rates, slow, swap, memory, length });
  } finally {
    node.close();
  }
}

/** CPU per message of both, in turns, from the same server. */
async function costs(
  node: BenchNode,
  fields: Fields,
  shares: Shares,
  length: Length,
  memory?: Memory,
): Promise<Costs> {
  const running = await node.start(fields, { shares });
  if (memory !== undefined) {
    memory.idle = running.idleMib;
    memory.known = rssMibOf(running.agent.pid);
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round <= length.rounds; round++) {
    ours.push(await ourCost(running, length.events));
    theirs.push(await theirCost(running, length.reference));
  }
  await stop(running);
  // The first is for the compilers to settle.
  return { ours: median(ours.slice(1)), theirs: median(theirs.slice(1)) };
}

async function ourCost({ agent, server }: Running, events: number): Promise<number> {
  const before = cpuMicrosOf(agent.pid);
  await server.ask({ do: 'flood', events });
  return (cpuMicrosOf(agent.pid) - before) / events;
}

/** Once started it decodes a round to warm up, and ends with its own: the newest client is the one that is served. */
async function theirCost({ server, socket }: Running, events: number): Promise<number> {
  const reference = new ReferenceProcess(socket);
  await reference.ready();
  await server.ask({ do: 'flood', events });
  await reference.decoded(events);
  const before = cpuMicrosOf(reference.pid);
  await server.ask({ do: 'flood', events });
  await reference.decoded(2 * events);
  const cost = (cpuMicrosOf(reference.pid) - before) / events;
  await reference.stop();
  return cost;
}

interface Latencies {
  readonly rates: readonly Rate[];
  readonly slow: Costs;
  readonly swap: Rate | undefined;
}

async function latencies(
  node: BenchNode,
  { seconds }: Length,
  memory: Memory,
  quick: boolean,
): Promise<Latencies> {
  const running = await node.start('full');
  const { agent } = running;
  const look = (): void => {
    memory.most = Math.max(memory.most, rssMibOf(agent.pid));
  };
  const rates: Rate[] = [];
  for (const perSecond of [10_000, 50_000, 200_000]) {
    rates.push(await atRates(running, perSecond, seconds));
    look();
  }
  const slow = await slowly(running, seconds);
  let swap: Rate | undefined;
  if (!quick) {
    policyAnew(node.agentDir);
    swap = await atRates(running, 10_000, swapSeconds);
    look();
  }
  await stop(running);
  return { rates, slow, swap };
}

/** CPU per message at the published rate: what a message costs when each comes alone. */
async function slowly({ agent, server, socket }: Running, seconds: number): Promise<Costs> {
  const rate = { do: 'rate', perSecond: published, seconds, strangePerSecond: 0 } as const;
  const cost = async (pid: number): Promise<number> => {
    const before = cpuMicrosOf(pid);
    const { sent } = await server.ask(rate);
    return (cpuMicrosOf(pid) - before) / sent;
  };
  await server.ask(rate);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < slowRounds; round++) {
    ours.push(await cost(agent.pid));
    const reference = new ReferenceProcess(socket);
    await reference.ready();
    await server.ask({ do: 'flood', events: 30_000 });
    await server.ask(rate);
    theirs.push(await cost(reference.pid));
    await reference.stop();
  }
  return { ours: median(ours), theirs: median(theirs) };
}

async function stop({ agent, server }: Running): Promise<void> {
  await agent.stop();
  server.stop();
  await sleep(100);
}

interface Measured extends Latencies {
  readonly full: Costs;
  readonly masked: Costs;
  readonly busy: Costs | undefined;
  readonly memory: Memory;
  readonly length: Length;
}

function result(node: BenchNode, measured: Measured): BenchResult {
  const { full, masked, busy, rates, slow, swap, memory, length } = measured;
  return {
    name: 'ingest',
    measures:
      'CPU of the shipped agent per Tracee message, socket → verdict, against grpc-js and protobufjs static decode of the same server (ratio = theirs / ours, full messages)',
    ratio: full.theirs / full.ours,
    bar: { better: 'bigger', value: 10 },
    figures: [
      ...costFigures('full', 'full messages', full),
      ...costFigures('masked', 'masked messages', masked),
      ...(busy === undefined ? [] : costFigures('busy', 'full, each tenth an execution', busy)),
      ...rates.flatMap((rate) =>
        rateFigures(`at${rate.perSecond / 1000}k`, `${rate.perSecond / 1000} k/s`, rate),
      ),
      ...costFigures('slow', `${published} events/s`, slow),
      {
        key: 'slowShare',
        value: slow.ours / slow.theirs,
        unit: '',
        label: `${published} events/s: ours / theirs (bar ≤ 0.25)`,
      },
      { key: 'idleMib', value: memory.idle, unit: 'MiB', label: 'RSS, fingerprints in force, no event yet' },
      {
        key: 'knownMib',
        value: memory.known,
        unit: 'MiB',
        label: 'RSS, everything known was judged (bar ≤ 105, 110 MB)',
      },
      { key: 'mostMib', value: memory.most, unit: 'MiB', label: 'RSS, the most under load' },
      ...(swap === undefined ? [] : rateFigures('swap', 'all verified anew meanwhile, 10 k/s', swap)),
      { key: 'copies', value: node.copies.length, unit: '', label: 'workloads' },
      { key: 'entries', value: node.entries, unit: '', label: 'entries of their fingerprints' },
      { key: 'rounds', value: length.rounds, unit: '', label: 'rounds, alternating; medians' },
    ],
    notes: [
      'shipped: bin/whorl with compiled code, its own V8 settings, all fingerprints signed and in force, the sweep of the node as by default, no collector',
      '80 % opens, 10 % connects, 10 % lives of helpers (fork, execution, exit); four messages of a workload in a row on average, one per DATA frame',
      'masked: the fields that the agent asks of a Tracee that can leave the others out',
      'latency: from the time in the event to the verdict as the agent itself tells it, of events that nobody approved among all the others',
      'uncounted: sent, and neither looked at nor counted as let go',
    ],
  };
}

function costFigures(key: string, label: string, { ours, theirs }: Costs): Figure[] {
  return [
    { key: `${key}Micros`, value: ours, unit: 'µs', label: `${label}: agent` },
    { key: `${key}ReferenceMicros`, value: theirs, unit: 'µs', label: `${label}: grpc-js + protobufjs` },
    { key: `${key}Ratio`, value: theirs / ours, unit: '', label: `${label}: ratio` },
  ];
}

function rateFigures(key: string, label: string, rate: Rate): Figure[] {
  return [
    { key: `${key}P50`, value: rate.p50, unit: 'µs', label: `${label}: event → verdict, p50` },
    { key: `${key}P99`, value: rate.p99, unit: 'µs', label: `${label}: p99` },
    { key: `${key}Most`, value: rate.most, unit: 'µs', label: `${label}: the longest of ${rate.verdicts}` },
    { key: `${key}Shed`, value: rate.shed, unit: '', label: `${label}: let go, counted` },
    { key: `${key}Uncounted`, value: rate.uncounted, unit: '', label: `${label}: uncounted (bar 0)` },
    { key: `${key}Stalls`, value: rate.stalls, unit: '', label: `${label}: full flow-control windows` },
    { key: `${key}PerSecond`, value: rate.reached, unit: '/s', label: `${label}: rate reached` },
  ];
}
