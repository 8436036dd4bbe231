const firstMs = 250;
const longestMs = 30_000;

/**
 * Exponential, jittered over its upper half: 10 000 agents that lost the same collector, or API server, come back spread
 * out.
 * @param failures attempts in a row that reached nothing
 * @param random 0 … 1
 */
export function backoffMs(failures: number, random: number): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** Resolves early, and quietly, when the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
