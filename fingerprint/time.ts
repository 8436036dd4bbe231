import { formatTimestamp, parseTimestamp } from './timestamp.ts';

/** RFC 3339 in UTC and back, in whole microseconds since the Unix epoch: the times of events. */

/** `2026-05-02T08:00:00.000123Z`; always six digits, so that equal times have equal text. */
export function formatTime(micros: number): string {
  const fraction = ((micros % 1_000_000) + 1_000_000) % 1_000_000;
  return `${formatSeconds(micros).slice(0, -1)}.${String(fraction).padStart(6, '0')}Z`;
}

/** `2026-05-02T08:00:00Z`; the fraction is cut off, as in every time of a baseline. */
export function formatSeconds(micros: number): string {
  return formatTimestamp(Math.floor(micros / 1_000_000) * 1000);
}

/** µs since the epoch, or undefined when the text is no such time or no such day exists, or a double
 * cannot hold its microseconds (after 2255). Digits past µs are cut. */
export function parseTime(text: string): number | undefined {
  const match = /^(.{19})(?:\.(\d{1,9}))?Z$/.exec(text);
  const milliseconds = match === null ? undefined : parseTimestamp(`${match[1]}Z`);
  if (milliseconds === undefined) return undefined;
  const micros = milliseconds * 1000 + Number((match?.[2] ?? '').padEnd(6, '0').slice(0, 6));
  return Number.isSafeInteger(micros) ? micros : undefined;
}
