import { ObjectReader, readInteger } from './object-reader.ts';
import { actions, type Receipt, receiptCauses, receiptResults } from './order.ts';

/** A fork storm is stopped by its cgroup; its pids are named only up to here. */
const maxStopped = 4096;

/** @throws SCHEMA */
export function parseReceipt(value: unknown, field: string): Receipt {
  const r = new ObjectReader(value, field);
  return r.end({
    order: r.text('order', 1024),
    incident: r.text('incident', 1024),
    ...r.optional('cause', () => r.word('cause', receiptCauses)),
    ...r.optional('lease', () => r.text('lease')),
    result: r.word('result', receiptResults),
    ...r.optional('action', () => r.word('action', actions)),
    stopped: r.list('stopped', (v, f) => readInteger(v, f, 1, 0x7fff_ffff), maxStopped),
    ...r.optional('eventToVerdictUs', () => r.integer('eventToVerdictUs')),
    ...r.optional('eventToStoppedUs', () => r.integer('eventToStoppedUs')),
    ...r.optional('evidence', () => r.text('evidence')),
    ...r.optional('detail', () => r.text('detail')),
  });
}
