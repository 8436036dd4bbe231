import type { Incident } from '../../fingerprint/incident.ts';
import type { Receipt } from '../../fingerprint/order.ts';

/** What came of an attack. A recorded one has no receipt: nothing could be stopped any more. */
export interface Outcome {
  readonly incident: Incident;
  readonly receipt?: Receipt;
}

export interface Ending {
  readonly live: boolean;
  /** Spent on installing packages, which is not the demo's. */
  readonly installSeconds: number;
  readonly outcomes: readonly Outcome[];
}

/** From the verdict to the moment the target was seen stopped. */
export function stopMs(receipt: Receipt): number {
  return ((receipt.eventToStoppedUs ?? 0) - (receipt.eventToVerdictUs ?? 0)) / 1000;
}

/** The slowest of the stops; undefined when nothing was stopped. */
function slowestStop(outcomes: readonly Outcome[]): number | undefined {
  const times = outcomes.flatMap(({ receipt }) => (receipt?.result === 'done' ? [stopMs(receipt)] : []));
  return times.length === 0 ? undefined : Math.max(...times);
}

/** The one line `--json` ends with: a contract with scripts. */
export function endingLine({ live, outcomes }: Ending, seconds: number): object {
  const drifts = outcomes.flatMap(({ incident }) =>
    incident.drifts.map((d) => ({ kind: d.kind, process: d.lineage.at(-1) ?? '' })),
  );
  const slowest = slowestStop(outcomes);
  return {
    live,
    drifts: drifts.filter(
      (d, i) => drifts.findIndex((e) => e.kind === d.kind && e.process === d.process) === i,
    ),
    stopped: outcomes.filter(({ receipt }) => receipt?.result === 'done').length,
    detectToStoppedMs: slowest === undefined ? null : Number(slowest.toFixed(3)),
    seconds: Number(seconds.toFixed(1)),
  };
}

export function endingText({ live, outcomes }: Ending, seconds: number): string {
  const slowest = slowestStop(outcomes);
  const stops =
    slowest === undefined ? '' : `, each stopped within ${slowest.toFixed(1)} ms of being detected`;
  const what = live ? "live on this machine's kernel" : 'replayed from recorded events, nothing was stopped';
  const count = outcomes.length === 1 ? '1 incident' : `${outcomes.length} incidents`;
  return `${count}${stops}; ${what}; ${seconds.toFixed(0)} s, all cleaned up`;
}
