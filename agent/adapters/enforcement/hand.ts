import type { StopRequest, StopResult } from '../../ports/enforcer.ts';
import type { CgroupFs } from '../linux/cgroup-fs.ts';
import type { ProcessStat } from '../linux/process-proc.ts';
import { type Captured, closeCaptured, type EvidenceCamera } from './evidence-proc.ts';
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

/**
 * How long a stopped process may wait for its evidence to be read: 0.3 ms when the machine is idle, and on a busy one
 * what a few time slices take. Only a process that obstructs its own reading makes it wait so long.
 */
const evidenceBudgetMs = 20;
/** A dropped library is found by reading the whole memory map; its copy is the only trace of it. */
const libraryBudgetMs = 60;
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
  return hand.camera.capture(
    request.culprit,
    members,
    loaded,
    loaded.length > 0 ? libraryBudgetMs : evidenceBudgetMs,
  );
}

/** Runs what comes between the evidence and its report; what the evidence holds open does not stay so when it fails. */
export async function orLetGo<T>(captured: Captured, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    await closeCaptured(captured);
    throw error;
  }
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
