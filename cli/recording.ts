import type { Option } from 'commander';
import type { PeerDirectory } from '../agent/core/address-book.ts';
import { falcoCoverage } from '../agent/core/normalise/falco/coverage.ts';
import type { CoverageWord } from '../fingerprint/coverage.ts';
import { behaviourKinds, type Event, type ProcessRef } from '../fingerprint/event.ts';
import { formatEvent, parseEvent } from '../fingerprint/event-json.ts';
import type { Scope } from '../fingerprint/fingerprint.ts';
import { isOfAnotherOwner } from '../fingerprint/scope.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { choice } from './choice.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { readFalco } from './falco-recording.ts';
import type { Io } from './io.ts';
import { linesOf } from './lines.ts';
import { fileName } from './read-file.ts';
import { maxRecordingBytes, tooMuch } from './recording-limit.ts';
import { readTetragon } from './tetragon-recording.ts';
import { readTracee } from './tracee-recording.ts';

interface Source {
  /** For the help. */
  readonly what: string;
  /** Kinds of behaviour such a recording shows; the others are left out of what is learned from it. */
  readonly coverage: readonly CoverageWord[];
  read(io: Io, files: readonly string[]): Promise<Read> | Read;
}

interface Read {
  readonly events: AsyncIterable<Event> | Iterable<Event>;
  /** Of another image, though it does not say so itself. */
  readonly isForeign?: (event: Event) => boolean;
  readonly directory?: PeerDirectory;
  /** Where that depends on what was switched on when it was recorded. */
  readonly coverage?: readonly CoverageWord[];
}

/** What `--source` may say. A new source is a row here. */
const recordingSources = {
  events: {
    what: 'docs/events.md',
    coverage: behaviourKinds,
    read: (io, files) => ({ events: oneByOne(io, files, jsonEvents) }),
  },
  sensor: {
    what: 'raw records of the sensor',
    coverage: behaviourKinds,
    read: (io, files) => ({ events: oneByOne(io, files, sensorEvents) }),
  },
  falco: {
    what: 'alerts of Falco as JSON lines',
    coverage: falcoCoverage,
    read: async (io, files) => {
      const { events, isNameless, directory } = await readFalco(io, files);
      return { events, isForeign: isNameless, directory };
    },
  },
  tracee: {
    what: "Tracee's JSON output",
    coverage: ['exec'],
    read: async (io, files) => await readTracee(io, files),
  },
  tetragon: {
    what: "Tetragon's export, JSON lines",
    coverage: ['exec'],
    read: async (io, files) => await readTetragon(io, files),
  },
} as const satisfies Record<string, Source>;

export type RecordingSource = keyof typeof recordingSources;
const names = Object.keys(recordingSources) as RecordingSource[];

/** Of the verbs that read recordings. */
export function sourceOption(): Option {
  const about = names.map((name) => `${name}: ${recordingSources[name].what}`).join('; ');
  return choice('--source <name>', about, names).default('events');
}

export function parseSource(text: string): RecordingSource {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new CliError(
    exitCodes.usage,
    `--source must be one of ${names.join(', ')}`,
    'convert other recordings to docs/events.md first',
  );
}

/** Kinds a recording of this source can show; of one whose events say more, what they all can. */
export function coverageOf(source: RecordingSource): readonly CoverageWord[] {
  return recordingSources[source].coverage;
}

export interface Recording {
  /** In order of time, each event once. Read as often as needed. */
  events(): Iterable<Event>;
  /** Events left out because they name another image. */
  readonly otherImages: number;
  /** Of this image, left out because they name another owner than the scope. */
  readonly otherOwners: number;
  readonly source: RecordingSource;
  /** Kinds it shows. */
  readonly coverage: readonly CoverageWord[];
  /** Who lives at which address, where the recording shows it: also containers whose events were left out. */
  readonly directory?: PeerDirectory;
}

/** For `observe`. */
export function directoryOf({ directory }: Recording): { readonly directory?: PeerDirectory } {
  return directory === undefined ? {} : { directory };
}

interface Part {
  readonly source: RecordingSource;
  readonly digest: string;
  /** Whose copies alone. */
  readonly scope?: Scope;
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
export async function readRecording(io: Io, files: readonly string[], options: Part): Promise<Recording> {
  const source: Source = recordingSources[options.source];
  return recordingOf(await source.read(io, files), options);
}

/** The part of what a source gave that is about one image, or names none. @throws CliError when it is too large */
export async function recordingOf(read: Read, options: Part): Promise<Recording> {
  const { events, isForeign, directory, coverage = coverageOf(options.source) } = read;
  const kept: Kept[] = [];
  let bytes = 0;
  let otherImages = 0;
  let otherOwners = 0;
  for await (const event of events) {
    if (isOfAnother(event, options.digest) || isForeign?.(event) === true) {
      otherImages += 1;
      continue;
    }
    if (isOfAnotherOwner(options.scope, event.container)) {
      otherOwners += 1;
      continue;
    }
    const line = Buffer.from(JSON.stringify(formatEvent(event)));
    bytes += line.length;
    if (bytes > maxRecordingBytes) throw tooMuch('these files');
    kept.push({ time: event.time, rank: ranks[event.kind] ?? 4, process: event.process, bytes: line });
  }
  kept.sort(inOrder);
  const once = kept.filter((line, i) => i === 0 || kept[i - 1]?.bytes.equals(line.bytes) !== true);
  const named = directory === undefined ? {} : { directory };
  const { source } = options;
  return { events: () => reread(once), otherImages, otherOwners, source, coverage, ...named };
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

async function* oneByOne(
  io: Io,
  files: readonly string[],
  read: (io: Io, file: string) => AsyncIterable<Event>,
): AsyncGenerator<Event> {
  for (const file of files) yield* read(io, file);
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
