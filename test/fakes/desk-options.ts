import type { Counters } from '../../agent/core/counters.ts';
import type { FingerprintDeskOptions } from '../../agent/fingerprint-desk.ts';
import type { StateLine } from '../../agent/state-line.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import { envelopesOn, type MemoryDisk, stateOn } from './memory-disk.ts';

/** What a desk has around it in a test. Each is asked anew whenever the desk asks. */
export interface DeskSurroundings extends MemoryDisk {
  readonly lines: StateLine[];
  readonly counters: Counters;
  readonly policy: TrustPolicy | undefined;
  readonly now: number;
}

export function deskOptions(around: DeskSurroundings): FingerprintDeskOptions {
  return {
    source: envelopesOn(around),
    state: stateOn(around),
    trust: async () => around.policy,
    acceptPolicy: async () => false,
    platform: { os: 'linux', architecture: 'amd64' },
    onChanged: () => undefined,
    counters: around.counters,
    now: () => around.now,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    say: (line) => around.lines.push(line),
  };
}
