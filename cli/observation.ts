import { sha256Hex } from '../fingerprint/digest.ts';
import type { Observation } from '../fingerprint/fingerprint.ts';
import { formatTimestamp } from '../fingerprint/timestamp.ts';
import type { Subject } from '../fingerprint/workload.ts';
import type { Observed } from './observe.ts';

/** Times come from the events, instances as keyed ids: the same events give the same bytes anywhere. */
export function observationOf(observed: Observed, subject: Subject, source: string): Observation {
  return {
    startedAt: formatTimestamp(observed.first / 1000),
    finishedAt: formatTimestamp(observed.last / 1000),
    source,
    events: observed.events,
    lost: observed.lost,
    instances: [...observed.instances].map((id) => sha256Hex(Buffer.from(`${subject.digest}\n${id}`))),
  };
}
