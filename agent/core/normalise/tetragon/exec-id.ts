/** What Tetragon knows an execution by: of which process, and when. */
export interface ExecId {
  readonly pid: number;
  /** µs since boot. */
  readonly at: number;
}

/**
 * `base64("node:ktime:pid")`. It changes with every execution of a process; of one that forked and did not execute yet it
 * says when it forked.
 *
 * @returns undefined for what is none
 */
export function parseExecId(text: string | undefined): ExecId | undefined {
  if (text === undefined || text.length > maxLength) return undefined;
  const [, nanos, pid] = /:(\d{1,19}):(\d{1,10})$/.exec(Buffer.from(text, 'base64').toString('latin1')) ?? [];
  if (nanos === undefined || pid === undefined) return undefined;
  // Nanoseconds of 104 days are more than a double holds: cut before they become one.
  return { pid: Number(pid), at: Number(nanos.slice(0, -3)) };
}

/** Names of nodes have 253 characters, the numbers 31, and base64 a third more. */
const maxLength = 512;
