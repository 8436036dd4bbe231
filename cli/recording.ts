import type { Event, ProcessRef } from '../fingerprint/event.ts';
import { formatEvent, parseEvent } from '../fingerprint/event-json.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { linesOf } from './lines.ts';
import { fileName } from './read-file.ts';

/** What `--source` may say: normalised events as JSON lines, or the raw records of the embedded sensor. */
const recordingSources = ['events', 'sensor'] as const;
export type RecordingSource = (typeof recordingSources)[number];

export function parseSource(text: string): RecordingSource {
  const found = recordingSources.find((s) => s === text);
  if (found !== undefined) return found;
  throw new CliError(
    exitCodes.usage,
    `--source must be one of ${recordingSources.join(', ')}`,
    'convert other recordings to docs/events.md first',
  );
}

/** A third of the memory of the smallest machine a build runs on (8 GB); about eight million events. */
const maxRecordingBytes = 2 ** 31;

export interface Recording {
  /** In order of time, each event once. Read as often as needed. */
  events(): Iterable<Event>;
  /** Events left out because they name another image. */
  readonly otherImages: number;
  readonly source: RecordingSource;
}

interface Kept {
  readonly time: number;
  readonly rank: number;
  readonly process: ProcessRef;
  readonly bytes: Buffer;
}

/**
 * Reads recorded events from all files, whatever their order, split or repetition: sorted by time, doubles removed, so
 * that what is learned from them does not depend on how they were stored.
 * @throws CliError naming file, line and field
 */
export async function readRecording(
  io: Io,
  files: readonly string[],
  options: { readonly source: RecordingSource; readonly digest: string },
): Promise<Recording> {
  const kept: Kept[] = [];
  let bytes = 0;
  let otherImages = 0;
  for (const file of files) {
    for await (const event of eventsOf(io, file, options.source)) {
      if (isOfAnother(event, options.digest)) {
        otherImages += 1;
        continue;
      }
      const line = Buffer.from(JSON.stringify(formatEvent(event)));
      bytes += line.length;
      if (bytes > maxRecordingBytes) throw tooMuch(file);
      kept.push({ time: event.time, rank: ranks[event.kind] ?? 4, process: event.process, bytes: line });
    }
  }
  kept.sort(inOrder);
  const once = kept.filter((line, i) => i === 0 || kept[i - 1]?.bytes.equals(line.bytes) !== true);
  return { events: () => reread(once), otherImages, source: options.source };
}

function* reread(kept: readonly Kept[]): Generator<Event> {
  for (const { bytes } of kept) yield parseEvent(JSON.parse(bytes.toString('utf8')));
}

/** What must come first when two events carry the same time: a process is born before it acts and acts before it ends. */
const ranks: Readonly<Partial<Record<Event['kind'], number>>> = {
  cgroup: 0,
  fork: 1,
  attach: 2,
  exec: 3,
  exit: 5,
  gap: 6,
};

function inOrder(a: Kept, b: Kept): number {
  return (
    a.time - b.time ||
    a.rank - b.rank ||
    a.process.start - b.process.start ||
    Buffer.compare(a.bytes, b.bytes)
  );
}

/** An event that names no image belongs to whatever is learned or judged (DESIGN §10). */
function isOfAnother(event: Event, digest: string): boolean {
  return event.container?.digest !== undefined && event.container.digest !== digest;
}

function eventsOf(io: Io, file: string, source: RecordingSource): AsyncIterable<Event> {
  switch (source) {
    case 'events':
      return jsonEvents(io, file);
    case 'sensor':
      return sensorEvents(io, file);
  }
}

async function* jsonEvents(io: Io, file: string): AsyncGenerator<Event> {
  for await (const line of linesOf(io.readChunks(file), file)) {
    yield about(`${fileName(file)}:${line.number}`, () => parseEvent(parseJson(line.bytes)));
  }
}

async function* sensorEvents(io: Io, file: string): AsyncGenerator<Event> {
  const { createSensorNormaliser } = await import('../agent/core/normalise/sensor.ts');
  const normaliser = createSensorNormaliser();
  for await (const chunk of io.readChunks(file)) yield* about(fileName(file), () => normaliser.push(chunk));
}

function tooMuch(file: string): CliError {
  return new CliError(
    exitCodes.usage,
    `with ${fileName(file)} the recording is larger than 2 GiB`,
    'learn from a part of it',
  );
}
