import type { CoverageWord } from '../fingerprint/coverage.ts';
import type { Event } from '../fingerprint/event.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { linesOf } from './lines.ts';
import { fileName } from './read-file.ts';
import { maxRecordingBytes, tooMuch } from './recording-limit.ts';

interface Kept {
  readonly time: number;
  readonly isMain: boolean;
  readonly message: Uint8Array;
}

/**
 * Tracee's JSON output, one event a line, as its messages and on as the agent reads those: in order of time, and once
 * before for the threads that are whole processes, since others tell when they started themselves.
 *
 * @throws CliError naming file, line and field
 */
export async function readTracee(
  io: Io,
  files: readonly string[],
): Promise<{ readonly events: Iterable<Event>; readonly coverage: readonly CoverageWord[] }> {
  const { readRecorded, withExactTimes } = await import('../agent/core/normalise/tracee/recorded.ts');
  const { createTraceeNormaliser, traceeCoverage } = await import('../agent/core/normalise/tracee/tracee.ts');
  const kept: Kept[] = [];
  let isOurs = false;
  let size = 0;
  for (const file of files) {
    for await (const line of linesOf(io.readChunks(file), file)) {
      const recorded = about(`${fileName(file)}:${line.number}`, () =>
        readRecorded(parseJson(withExactTimes(line.bytes))),
      );
      size += recorded.message.length;
      if (size > maxRecordingBytes) throw tooMuch(fileName(file));
      isOurs ||= recorded.isOurs;
      kept.push(recorded);
    }
  }
  kept.sort((a, b) => a.time - b.time || Buffer.compare(a.message, b.message));
  const normaliser = createTraceeNormaliser(nowhere);
  for (const { isMain, message } of kept) if (isMain) normaliser.push(framed(message));
  const before = normaliser.counters();
  const events = [...eventsOf(kept, normaliser)];
  tellUnread(io, normaliser.counters(), before, kept.length);
  return { events, coverage: isOurs ? traceeCoverage : shownBy(events, traceeCoverage) };
}

/** What another policy asked for nobody knows: what it was seen to give. */
function shownBy(events: readonly Event[], all: readonly CoverageWord[]): readonly CoverageWord[] {
  const shown = new Set<string>(events.map((e) => (e.kind === 'privilege' ? e.privilege : e.kind)));
  return all.filter((word) => shown.has(word));
}

/** A recording is of no machine that could be asked. */
const nowhere = { bootOffset: () => 0, startTicks: () => undefined, placeOf: () => undefined };

function* eventsOf(
  kept: readonly Kept[],
  normaliser: { push(bytes: Uint8Array): Event[] },
): Generator<Event> {
  for (const { message } of kept) yield* normaliser.push(framed(message));
}

/** As it stands in a gRPC stream. */
function framed(message: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

type Counters = Readonly<Record<string, number>>;

/** Events of other names, and those that lack what they cannot do without. */
function tellUnread(io: Io, after: Counters, before: Counters, all: number): void {
  const counted = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
  const unread = ['tracee.unknown', 'tracee.unreadable', 'tracee.malformed'].reduce(
    (sum, name) => sum + counted(name),
    0,
  );
  if (unread === 0) return;
  const sentence = `${unread} of ${all} events say nothing Whorl reads and were left out`;
  const mend = 'record with the policy of deploy/sources/tracee';
  if (unread === all) throw new CliError(exitCodes.usage, sentence, mend);
  io.err(`warning: ${sentence}; ${mend}`);
}
