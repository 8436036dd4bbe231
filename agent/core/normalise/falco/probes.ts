/** Argument vectors in one form, so that the same command compares equal. */
type Vector = readonly string[];

interface Seen {
  readonly args: Vector;
  readonly times: number[];
}

/** A kubelet's period is whole seconds and it starts each probe on time; this many in a row are no coincidence. */
const least = 3;
/** How far one interval may be from another, as a part of it: a busy node delays a probe by tenths of a second. */
const tolerance = 0.1;
const maxVectors = 1024;

/**
 * Commands that somebody starts in a container from outside again and again at one interval: the exec probes of its pod
 * spec, which a recording of Falco does not carry. Who starts one by hand does not keep time.
 */
export class RegularStarts {
  readonly #seen = new Map<string, Seen>();

  add(args: Vector, time: number): void {
    const key = args.join('\0');
    const seen = this.#seen.get(key);
    if (seen !== undefined) seen.times.push(time);
    else if (this.#seen.size < maxVectors) this.#seen.set(key, { args, times: [time] });
  }

  regular(): readonly Vector[] {
    return [...this.#seen.values()].filter(({ times }) => isRegular(times)).map(({ args }) => args);
  }
}

function isRegular(times: readonly number[]): boolean {
  if (times.length < least) return false;
  let [shortest, longest] = [Number.POSITIVE_INFINITY, 0];
  // A probe of a week is more values than a call takes arguments.
  for (const [i, time] of times.entries()) {
    if (i === 0) continue;
    const interval = time - (times[i - 1] ?? 0);
    shortest = Math.min(shortest, interval);
    longest = Math.max(longest, interval);
  }
  return shortest >= 500_000 && longest - shortest <= shortest * tolerance;
}
