import { sha256Hex } from './digest.ts';
import { type Workload, workloadKey } from './workload.ts';

/** The name of a workload where a key of eight parts does not fit: URLs, columns, leases. */
export function workloadHash(workload: Workload): string {
  return sha256Hex(new TextEncoder().encode(workloadKey(workload)));
}
