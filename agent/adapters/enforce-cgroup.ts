import { mkdirSync } from 'node:fs';
import { printable } from '../../fingerprint/printable.ts';
import type { Enforcer, Hold, StopRequest, StopResult } from '../ports/enforcer.ts';
import { ProtectedError } from './enforcement/chase.ts';
import { EvidenceCamera } from './enforcement/evidence-proc.ts';
import { evidenceStore } from './enforcement/evidence-store.ts';
import type { Hand } from './enforcement/hand.ts';
import { type HoldBook, openHoldBook, toHold } from './enforcement/hold-book.ts';
import { protection } from './enforcement/protect.ts';
import { freezeInstance, killInstance } from './enforcement/stop-instance.ts';
import { holdSubtree, killSubtree } from './enforcement/stop-subtree.ts';
import { openCgroupFs } from './linux/cgroup-fs.ts';

export interface CgroupEnforcerOptions {
  /** Where holds.json and evidence/ live. */
  readonly dataDir: string;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  /** The agent's pid, when it is not this process. */
  readonly self?: number;
  /** The last step of `kill`: asks the runtime, by instance id, when cgroup.kill did not end the container. */
  readonly runtimeKill?: (instance: string) => Promise<void>;
  readonly evidenceCapBytes?: number;
  /** Told what was let go because its deadline passed. */
  readonly onExpired?: (holds: readonly Hold[]) => void;
}

export interface CgroupEnforcer extends Enforcer {
  /** What was wrong with the list an earlier agent left; it was rebuilt from the cgroups then. */
  readonly problem?: string;
  /** Stops watching deadlines. What is held stays held: the next agent takes it over. */
  close(): void;
}

/**
 * Opens the hand on the kernel and takes over the holds of an earlier agent of the same data directory.
 * @throws Error with a sentence when there is no cgroup v2 hierarchy.
 */
export async function openCgroupEnforcer(options: CgroupEnforcerOptions): Promise<CgroupEnforcer> {
  const cgroups = openCgroupFs();
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const book = await openHoldBook(cgroups, options.dataDir, options.now);
  const hand: Hand = {
    cgroups,
    book,
    camera: new EvidenceCamera(),
    evidence: evidenceStore(options.dataDir, options.evidenceCapBytes),
    now: options.now,
    isProtected: protection(options.self ?? process.pid),
    runtimeKill: options.runtimeKill,
  };
  const deadlines = watchDeadlines(book, options);
  const oneAtATime = queues();
  return {
    ...(book.problem === undefined ? {} : { problem: book.problem }),
    act: async (request) => {
      const result = await oneAtATime(request.cgroupPath, () => step(hand, request));
      deadlines.arm();
      return result;
    },
    holds: () => book.records().map(toHold),
    resume: (which) => release(book, which),
    close: deadlines.close,
  };
}

/**
 * Lets go without a running agent what the agent of this data directory holds or froze; safe to repeat, and beside a
 * running agent too.
 */
export async function resumeHolds(
  dataDir: string,
  which: 'all' | { readonly incident: string },
): Promise<readonly Hold[]> {
  return await release(await openHoldBook(openCgroupFs(), dataDir, () => Date.now() * 1000), which);
}

async function release(
  book: HoldBook,
  which: 'all' | { readonly incident: string },
): Promise<readonly Hold[]> {
  // A hold that was found without its file knows only the beginning of the incident's id.
  const chosen = (incident: string): boolean =>
    which === 'all' ||
    which.incident === incident ||
    (incident.length === 16 && which.incident.startsWith(incident));
  return (await book.release((record) => chosen(record.incident))).map(toHold);
}

async function step(hand: Hand, request: StopRequest): Promise<StopResult> {
  const { action } = request;
  try {
    // The id becomes part of a path.
    if (!/^[0-9a-f]{8,128}$/.test(request.incident.id)) throw new Error('the incident has no hexadecimal id');
    switch (action) {
      case 'hold':
        return await holdSubtree(hand, request);
      case 'kill-subtree':
        return await killSubtree(hand, request);
      case 'freeze':
        return await freezeInstance(hand, request);
      case 'kill':
        return await killInstance(hand, request);
    }
  } catch (error) {
    const result = error instanceof ProtectedError ? 'refused-protected' : 'failed';
    return {
      result,
      action,
      stopped: [],
      detail: printable(error instanceof Error ? error.message : 'unknown error'),
    };
  }
}

/** Acts on one instance follow one another: two that freeze and thaw the same cgroup would undo each other. */
function queues(): <T>(key: string, act: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return (key, act) => {
    // At once where nothing is under way: a culprit runs on until its act begins.
    const run = tails.get(key)?.then(act) ?? act();
    const tail = run
      .catch(() => undefined)
      .finally(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
    tails.set(key, tail);
    return run;
  };
}

function watchDeadlines(
  book: HoldBook,
  options: CgroupEnforcerOptions,
): { arm: () => void; close: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const expire = async (): Promise<void> => {
    const now = options.now();
    const ended = await book.release((record) => record.deadline <= now);
    if (ended.length > 0) options.onExpired?.(ended.map(toHold));
    arm();
  };
  const arm = (): void => {
    clearTimeout(timer);
    const next = Math.min(...book.records().map((record) => record.deadline));
    if (closed || next === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.min(Math.max((next - options.now()) / 1000, 1), longestWaitMs);
    timer = setTimeout(() => void expire().catch(retry), waitMs);
  };
  // A full disk must not turn an overdue hold into a busy loop.
  const retry = (): void => {
    if (!closed) timer = setTimeout(arm, 1000);
  };
  arm();
  return {
    arm,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
/** Looks again at least so often: the clock may be set, and a hold may have been let go from outside. */
const longestWaitMs = 60_000;
