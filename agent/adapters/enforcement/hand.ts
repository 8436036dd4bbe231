import type { StopRequest, StopResult } from '../../ports.ts';
import type { CgroupFs } from '../linux/cgroup-fs.ts';
import type { ProcessStat } from '../linux/process-proc.ts';
import type { Captured, EvidenceCamera } from './evidence-proc.ts';
import type { EvidenceStore } from './evidence-store.ts';
import type { HoldBook } from './hold-book.ts';
import type { Protection } from './protect.ts';

/** What every step of the ladder works with. */
export interface Hand {
  readonly cgroups: CgroupFs;
  readonly book: HoldBook;
  readonly camera: EvidenceCamera;
  readonly evidence: EvidenceStore;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly isProtected: Protection;
  /** Asks the container runtime to kill a container, when the kernel's own way did not end it. */
  readonly runtimeKill: ((instance: string) => Promise<void>) | undefined;
}

/** What may delay a kill for the sake of evidence. Files and arguments take 0.3 ms; socket tables of a busy host more. */
export const evidenceBudgetMs = 3;
/** Longer than any healthy process needs to stop; one in an uninterruptible wait may need for ever. */
export const stopWithinMs = 2000;

export function capture(
  hand: Hand,
  request: StopRequest,
  members: readonly ProcessStat[],
): Promise<Captured> {
  const loaded = request.incident.drifts
    .filter((d) => d.kind === 'load' && d.origin !== 'image')
    .map((d) => d.subject);
  return hand.camera.capture(request.culprit, members, loaded, evidenceBudgetMs);
}

interface Outcome {
  readonly stopped: readonly number[];
  readonly stoppedAt?: number;
  readonly captured?: Captured;
  readonly detail?: string;
}

/** The result as the port wants it, with the evidence written out. */
export async function report(
  hand: Hand,
  request: StopRequest,
  result: StopResult['result'],
  outcome: Outcome,
): Promise<StopResult> {
  const written =
    outcome.captured === undefined
      ? {}
      : await hand.evidence.write(request.incident, request.action, hand.now(), outcome.captured);
  const detail = [outcome.detail, written.problem].filter((s) => s !== undefined).join('; ');
  return {
    result,
    action: request.action,
    stopped: outcome.stopped.slice(0, maxStopped),
    ...(outcome.stoppedAt === undefined ? {} : { stoppedAt: outcome.stoppedAt }),
    ...(written.path === undefined ? {} : { evidence: written.path }),
    ...(detail === '' ? {} : { detail }),
  };
}
/** A receipt names whom it stopped; of a fork storm the first thousand will do. */
const maxStopped = 1000;
