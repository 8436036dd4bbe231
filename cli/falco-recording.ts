import type { PeerDirectory } from '../agent/core/address-book.ts';
import { withExactStarts } from '../agent/core/normalise/falco/exact-numbers.ts';
import type { FalcoRecord } from '../agent/core/normalise/falco/record.ts';
import type { Event } from '../fingerprint/event.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { linesOf } from './lines.ts';
import { fileName } from './read-file.ts';
import { maxRecordingBytes, tooMuch } from './recording-limit.ts';

export interface FalcoEvents {
  readonly events: Iterable<Event>;
  /** Of containers Falco never gave an image, while it gave others one. */
  isNameless(event: Event): boolean;
  readonly directory: PeerDirectory;
}

interface Kept {
  readonly time: number;
  readonly order: number;
  readonly bytes: Buffer;
}

/**
 * All alerts of all files at once, in order of time: who an alert is about is often told only by a later one. Kept as
 * bytes, of the fields that are read alone: a full alert takes seven times as much.
 * @throws CliError naming file and line
 */
export async function readFalco(io: Io, files: readonly string[]): Promise<FalcoEvents> {
  const { FalcoNormaliser, readFalcoRecord, neededFields } = await import(
    '../agent/core/normalise/falco/recording.ts'
  );
  const kept: Kept[] = [];
  let size = 0;
  for (const file of files) {
    for await (const line of linesOf(io.readChunks(file), file)) {
      const record = about(`${fileName(file)}:${line.number}`, () =>
        readFalcoRecord(parseJson(withExactStarts(line.bytes))),
      );
      const bytes = Buffer.from(JSON.stringify(record));
      size += bytes.length;
      if (size > maxRecordingBytes) throw tooMuch(fileName(file));
      kept.push({ time: record.time, order: record.order, bytes });
    }
  }
  kept.sort((a, b) => a.time - b.time || a.order - b.order || Buffer.compare(a.bytes, b.bytes));
  const records = () => reread(kept);
  const normaliser = new FalcoNormaliser();
  for (const record of records()) normaliser.ahead(record);
  normaliser.settle();
  tellUnread(io, normaliser.unread, kept.length, neededFields);
  return {
    events: eventsOf(records(), normaliser),
    isNameless: ({ container }) => container !== undefined && normaliser.isNameless(container),
    directory: normaliser.directory(),
  };
}

function* reread(kept: readonly Kept[]): Generator<FalcoRecord> {
  // Ours, and written a moment ago.
  for (const { bytes } of kept) yield JSON.parse(bytes.toString('utf8')) as FalcoRecord;
}

function* eventsOf(
  records: Iterable<FalcoRecord>,
  normaliser: { push(record: FalcoRecord): Event[] },
): Generator<Event> {
  for (const record of records) yield* normaliser.push(record);
}

function tellUnread(io: Io, unread: number, all: number, needed: readonly string[]): void {
  if (unread === 0) return;
  const lacking = `${unread} of ${all} alerts do not say who acted and were left out: the rules must print ${needed.join(', ')}`;
  if (unread === all) throw new CliError(exitCodes.usage, lacking, 'see docs/events.md, Falco');
  io.err(`warning: ${lacking}`);
}
