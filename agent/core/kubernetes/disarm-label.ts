/** On a namespace: nothing of it is stopped until then, in seconds since the Unix epoch (a label's value has no colons). */
export const disarmLabel = 'whorl.dev/disarmed-until';

/** Like every disarm: beyond a day somebody has to say it again. */
const maxUs = 24 * 3_600_000_000;
/** 2020. A smaller number is a span, a year or a date that somebody took for a time; 0 is nobody's mistake. */
const earliest = 1_577_836_800;

/** What a label comes to while it is in force. */
export interface ByLabel {
  /** µs since the Unix epoch. */
  readonly until: number;
  /** `too-late`, `no-time`: it ends a day after it was first seen, since it names a later time, or none. */
  readonly as: 'told' | 'too-late' | 'no-time';
}

/**
 * What cannot be read disarms, as what cannot be read on the node does: whoever wrote it wanted nothing to be stopped.
 *
 * @param seenAt µs since the Unix epoch when this node first saw that value
 * @returns undefined: it is over
 */
export function byLabel({ value, seenAt }: Seen, now: number): ByLabel | undefined {
  const latest = seenAt + maxUs;
  const seconds = /^\d+$/.test(value) ? Number(value) : undefined;
  const isTime = seconds === 0 || (seconds !== undefined && seconds >= earliest);
  const told = isTime ? seconds * 1_000_000 : undefined;
  const until = Math.min(told ?? latest, latest);
  if (now >= until) return undefined;
  if (told === undefined) return { until, as: 'no-time' };
  return { until, as: told > latest ? 'too-late' : 'told' };
}

interface Seen {
  readonly value: string;
  readonly seenAt: number;
}
