import type { Response } from '../agent/core/normalise/tetragon/tetragon.ts';
import type { CoverageWord } from '../fingerprint/coverage.ts';
import type { Event } from '../fingerprint/event.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { linesOf } from './lines.ts';
import { fileName } from './read-file.ts';
import { maxRecordingBytes, tooMuch } from './recording-limit.ts';

export interface TetragonEvents {
  readonly events: Iterable<Event>;
  /** By the policies of which the recording holds anything. */
  readonly coverage: readonly CoverageWord[];
}

interface Kept {
  readonly time: number;
  readonly rank: number;
  readonly bytes: Buffer;
}

/**
 * All events of all files of Tetragon's export at once, in order of time: it writes them late and out of order, and tells
 * only later of a process in which container it is. Kept as bytes, of the fields that are read alone.
 *
 * @throws CliError naming file, line and field
 */
export async function readTetragon(io: Io, files: readonly string[]): Promise<TetragonEvents> {
  const tetragon = await import('../agent/core/normalise/tetragon/tetragon.ts');
  const { readTetragonJson, recordedAt, rankOf, isOurs } = tetragon;
  const kept: Kept[] = [];
  let size = 0;
  let foreign = 0;
  for (const file of files) {
    for await (const line of linesOf(io.readChunks(file), file)) {
      const response = about(`${fileName(file)}:${line.number}`, () =>
        readTetragonJson(parseJson(line.bytes)),
      );
      if (!isOurs(response)) foreign += 1;
      const time = recordedAt(response);
      const bytes = Buffer.from(JSON.stringify({ ...response, time }));
      size += bytes.length;
      if (size > maxRecordingBytes) throw tooMuch(fileName(file));
      kept.push({ time, rank: rankOf(response), bytes });
    }
  }
  kept.sort((a, b) => a.time - b.time || a.rank - b.rank || Buffer.compare(a.bytes, b.bytes));
  const once = kept.filter((line, i) => i === 0 || kept[i - 1]?.bytes.equals(line.bytes) !== true);
  tellForeign(io, foreign, kept.length);
  const normaliser = tetragon.createTetragonNormaliser(nowhere, { policies: () => undefined });
  for (const response of reread(once)) normaliser.ahead(response);
  return { events: eventsOf(reread(once), normaliser), coverage: normaliser.coverage() };
}

/** A recording is of no machine that could be asked. */
const nowhere = { bootOffset: () => 0, startTicks: () => undefined, placeOf: () => undefined };

function* reread(kept: readonly Kept[]): Generator<Response> {
  // Ours, and written a moment ago.
  for (const { bytes } of kept) yield JSON.parse(bytes.toString('utf8')) as Response;
}

function* eventsOf(
  responses: Iterable<Response>,
  normaliser: { take(response: Response): Event[] },
): Generator<Event> {
  for (const response of responses) yield* normaliser.take(response);
}

function tellForeign(io: Io, foreign: number, all: number): void {
  if (foreign === 0) return;
  const which = `${foreign} of ${all} events are of hooks that are not in Whorl's policies and were left out`;
  if (foreign === all) throw new CliError(exitCodes.usage, which, 'load those of deploy/sources/tetragon/');
  io.err(`warning: ${which}`);
}
