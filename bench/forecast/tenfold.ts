import type { EventKind } from '../../fingerprint/event.ts';
import type { Recorded } from '../../test/corpus/replay.ts';

/** What a service does more often under more load. Processes and containers stay as many as they are. */
const traffic: ReadonlySet<EventKind> = new Set([
  'open',
  'load',
  'connect',
  'resolve',
  'accept',
  'delete',
  'rename',
  'link',
  'privilege',
]);

/** The same recording with ten times the traffic in the same time. */
export function tenfold(recording: Recorded): Recorded {
  const events = recording.events.flatMap((e) =>
    traffic.has(e.kind) ? Array.from({ length: 10 }, () => e) : [e],
  );
  return { ...recording, events };
}
