import { brakeReasons, type Meter } from './ports/metrics.ts';
import type { StateLine } from './state-line.ts';

/** Counts what was ordered, done and held back. Incidents are counted where they are stored: most are told to nobody. */
export function countLine(line: StateLine, meter: Meter): void {
  switch (line.type) {
    case 'order':
      meter.order(line.action);
      return;
    case 'receipt':
      meter.receipt(line.receipt.result);
      return;
    case 'decision': {
      const brake = brakeReasons.find((reason) => reason === line.reason);
      if (brake !== undefined) meter.brake(brake);
      return;
    }
    default:
      return;
  }
}
