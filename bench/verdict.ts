import { RecordedStream } from './recorded-stream.ts';
import type { BenchOptions, BenchResult } from './result.ts';
import { roundOfService, startOfService } from './service-stream.ts';
import { eventsOf, learnRecording, ShippedPath } from './shipped-path.ts';
import { cpuMicros, median } from './statistics.ts';
import { encodeAsTracee } from './tracee/encode.ts';
import { tracee } from './tracee/event-static.js';

/** What a pipe of the sensor hands over at a time. */
const chunkBytes = 65_536;

/** One round of a stream, for both sides of the ratio. */
interface VerdictStream {
  /** What comes before the rounds: the container's start. */
  readonly start: Uint8Array;
  /** The same acts again, later. */
  round(n: number): Uint8Array;
}

/** Medians per event, µs of CPU. */
interface Costs {
  readonly shipped: number;
  readonly longWay: number;
  readonly decode: number;
  readonly shortCutPercent: number;
  readonly messageBytes: number;
  readonly events: number;
}

/** What the shipped agent spends on an event from the sensor's bytes to the verdict, against protobufjs reading it alone. */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const perRound = quick ? 60_000 : 120_000;
  const rounds = quick ? 5 : 9;
  const recording = new RecordedStream(new URL('../bpf-fixtures/sensor/benign/raw.bin.gz', import.meta.url));
  const recorded = await measure(
    { start: recording.start, round: (n) => recording.round(n, perRound / 2) },
    rounds,
  );
  const service = await measure(
    { start: startOfService(), round: (n) => roundOfService(n, perRound) },
    rounds,
  );
  return result(service, recorded, rounds);
}

async function measure(stream: VerdictStream, rounds: number): Promise<Costs> {
  const inForce = await learnRecording([stream.start, stream.round(0)]);
  const shipped = new ShippedPath({ judging: () => inForce });
  const longWay = new ShippedPath({ judging: () => inForce });
  for (const path of [shipped, longWay]) {
    path.read(stream.start);
    await path.identified();
  }
  const messages = encodeAsTracee(eventsOf([stream.start, stream.round(1)])).map((bytes) =>
    Buffer.from(bytes),
  );
  const times: { shipped: number; longWay: number; decode: number }[] = [];
  for (let n = 1; n <= rounds + 2; n++) {
    const time = oneRound(inChunks(stream.round(n)), messages, shipped, longWay);
    // Two rounds for the compiler to settle on both sides.
    if (n > 2) times.push(time);
  }
  for (const path of [shipped, longWay]) mustBeExpected(path);
  const perEvent = (side: keyof (typeof times)[number]): number =>
    median(times.map((t) => t[side])) / messages.length;
  const counters = shipped.normaliser.counters();
  return {
    shipped: perEvent('shipped'),
    longWay: perEvent('longWay'),
    decode: perEvent('decode'),
    shortCutPercent: (100 * (counters['sensor.skipped'] ?? 0)) / (counters['sensor.records'] ?? 1),
    messageBytes: messages.reduce((sum, m) => sum + m.length, 0) / messages.length,
    events: messages.length,
  };
}

function oneRound(
  chunks: readonly Uint8Array[],
  messages: readonly Uint8Array[],
  shipped: ShippedPath,
  longWay: ShippedPath,
): { shipped: number; longWay: number; decode: number } {
  return {
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
}

/** Drift, or acts nobody judged, would make the ratio mean nothing. */
function mustBeExpected({ counters }: ShippedPath): void {
  const known = counters.get('behaviours.known') + counters.get('behaviours.expected');
  const rest = counters.get('behaviours') - known;
  if (rest > 0 || counters.get('lost.pen-full') > 0)
    throw new Error(`${rest} learned behaviours were not expected: ${JSON.stringify(counters.snapshot())}`);
}

function result(service: Costs, recorded: Costs, rounds: number): BenchResult {
  const micros = (key: string, value: number, label: string) => ({ key, value, unit: 'µs/event', label });
  return {
    name: 'verdict',
    measures:
      'CPU of the shipped agent per event, sensor bytes → normalise → attribute → verdict, against protobufjs static decode alone of the same events as Tracee messages (ratio = decode / ours)',
    ratio: service.decode / service.shipped,
    bar: { better: 'bigger', value: 10 },
    figures: [
      micros('shippedMicros', service.shipped, 'shipped path'),
      micros('decodeMicros', service.decode, 'protobufjs static decode'),
      micros('longWayMicros', service.longWay, 'shipped path without its short cut'),
      {
        key: 'shortCutPercent',
        value: service.shortCutPercent,
        unit: '%',
        label: 'records answered by the short cut',
      },
      { key: 'messageBytes', value: service.messageBytes, unit: 'B', label: 'Tracee message, mean' },
      micros('recordedShippedMicros', recorded.shipped, 'recording: shipped path'),
      micros('recordedDecodeMicros', recorded.decode, 'recording: protobufjs static decode'),
      micros('recordedLongWayMicros', recorded.longWay, 'recording: without the short cut'),
      {
        key: 'recordedRatio',
        value: recorded.decode / recorded.shipped,
        unit: '',
        label: 'recording: ratio',
      },
      { key: 'events', value: service.events, unit: '', label: 'events per round' },
      { key: 'rounds', value: rounds, unit: '', label: 'rounds, alternating; medians' },
    ],
    notes: [
      'the ratio is of a service under load in the sensor’s record format: 80 % opens, 10 % the lives of helper programs, 10 % connects to a named peer; the mixture of the reference measurements',
      'recording: bpf-fixtures/sensor/benign from its first request to its last, over and over: a third of it is accepted peers, a third fork, exec and exit',
      'DESIGN §9 promises ≥ 10 against grpc-js and decode together, from the socket on; here decode stands alone',
    ],
  };
}

function inChunks(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  return chunks;
}
