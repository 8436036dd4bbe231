import type { BenchOptions, BenchResult } from './result.ts';
import { roundOfService, startOfService } from './service-stream.ts';
import { eventsOf, learnRecording, ShippedPath } from './shipped-path.ts';
import { cpuMicros, median } from './statistics.ts';
import { encodeAsTracee } from './tracee/encode.ts';
import { tracee } from './tracee/event-static.js';

/** What a pipe of the sensor hands over at a time. */
const chunkBytes = 65_536;

/** One round of a stream, for both sides of the ratio. */
export interface VerdictStream {
  /** What comes before the rounds: the container's start. */
  readonly start: Uint8Array;
  /** The same acts again, later. */
  round(n: number): Uint8Array;
}

/** What the shipped agent spends on an event from the sensor's bytes to the verdict, against protobufjs reading it alone. */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const perRound = quick ? 60_000 : 120_000;
  const rounds = quick ? 5 : 9;
  const stream: VerdictStream = { start: startOfService(), round: (n) => roundOfService(n, perRound) };
  return await measure(stream, rounds);
}

async function measure(stream: VerdictStream, rounds: number): Promise<BenchResult> {
  const inForce = await learnRecording([stream.start, stream.round(0)]);
  const shipped = new ShippedPath({ judging: () => inForce });
  const longWay = new ShippedPath({ judging: () => inForce });
  for (const path of [shipped, longWay]) {
    path.read(stream.start);
    await path.identified();
  }
  const events = eventsOf([stream.start, stream.round(1)]);
  const messages = encodeAsTracee(events).map((bytes) => Buffer.from(bytes));
  const times: { shipped: number; longWay: number; decode: number }[] = [];
  for (let n = 1; n <= rounds + 2; n++) {
    const chunks = inChunks(stream.round(n));
    const time = {
      shipped: cpuMicros(() => {
        for (const chunk of chunks) shipped.read(chunk);
      }),
      decode: cpuMicros(() => {
        for (const message of messages) tracee.v1beta1.Event.decode(message);
      }),
      longWay: cpuMicros(() => {
        for (const chunk of chunks) longWay.readTheLongWay(chunk);
      }),
    };
    // Two rounds for the compiler to settle on both sides.
    if (n > 2) times.push(time);
  }
  const perEvent = (side: keyof (typeof times)[number]): number =>
    median(times.map((t) => t[side])) / messages.length;
  const drifts = shipped.counters.get('drifts') + longWay.counters.get('drifts');
  if (drifts > 0)
    throw new Error(`${drifts} learned behaviours were judged as drift: the ratio would mean nothing`);
  const bytes = messages.reduce((sum, m) => sum + m.length, 0);
  const skipped = shipped.normaliser.counters();
  return {
    name: 'verdict',
    measures:
      'CPU of the shipped agent per event, sensor bytes → normalise → attribute → verdict, against protobufjs static decode alone of the same events as Tracee messages (ratio = decode / ours)',
    ratio: perEvent('decode') / perEvent('shipped'),
    bar: { better: 'bigger', value: 10 },
    figures: [
      { key: 'shippedMicros', value: perEvent('shipped'), unit: 'µs/event', label: 'shipped path' },
      { key: 'decodeMicros', value: perEvent('decode'), unit: 'µs/event', label: 'protobufjs static decode' },
      {
        key: 'longWayMicros',
        value: perEvent('longWay'),
        unit: 'µs/event',
        label: 'shipped path without its short cut',
      },
      {
        key: 'shortCutPercent',
        value: (100 * (skipped['sensor.skipped'] ?? 0)) / (skipped['sensor.records'] ?? 1),
        unit: '%',
        label: 'records answered by the short cut',
      },
      { key: 'eventsPerRound', value: messages.length, unit: '', label: 'events per round' },
      { key: 'messageBytes', value: bytes / messages.length, unit: 'B', label: 'Tracee message, mean' },
      { key: 'rounds', value: rounds, unit: '', label: 'rounds, alternating; medians' },
    ],
    notes: [
      'DESIGN §9 promises ≥ 10 against grpc-js plus decode from the socket on; decode alone is the harder half of that',
      "synthetic stream in the sensor's own record format: 80 % opens, 10 % helper programs, 10 % connects",
    ],
  };
}

function inChunks(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  return chunks;
}
