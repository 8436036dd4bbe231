import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { median, quantile } from '../statistics.ts';
import type { Built } from './build.ts';

export interface Trial {
  readonly side: 'kernel' | 'watched';
  /** From the victim's exec call to its parent having reaped it, µs. */
  readonly callToReaped: number;
  /** On the kernel's clock, from exec to the first signal the victim took: from there it runs nothing of its own; µs. */
  readonly execToStill: number;
  /** On the kernel's clock, from exec to exit, µs. */
  readonly execToExit: number;
  /** Rounds of its first instruction the victim got to run; 0 = none at all. */
  readonly rounds: number;
  readonly survived: boolean;
}

export interface TrialPlan {
  readonly kernelCgroup: string;
  /** Directory of the watched copies: `c0`, `c1` …, one per trial. */
  readonly watched: string;
  /** Of each side. */
  readonly trials: number;
  /** Between two victims: the other side must be idle again. */
  readonly pauseMs: number;
}

/**
 * Runs the loader to its end. The two sides alternate, so that a noisy minute falls on both. The loader is handed to
 * init first: the enforcer refuses, rightly, to stop what its own process started. What it says goes through a pipe, as
 * that of a container does: Node would give it a socket, whose name is evidence and has to be looked up.
 */
export async function runTrials(built: Built, plan: TrialPlan): Promise<Trial[]> {
  const args = [built.victim, plan.kernelCgroup, plan.watched, String(plan.trials), String(plan.pauseMs)];
  const orphan = ['-c', '"$@" | cat &', 'sh', built.loader, ...args];
  const child = spawn('/bin/sh', orphan, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  if (lines.pop() !== 'end') throw new Error('the loader of bench kill failed; it needs root and BTF');
  return lines.map(parseTrial);
}

function parseTrial(line: string): Trial {
  const [side, call, still, exit, rounds, end] = line.split(' ');
  if ((side !== 'kernel' && side !== 'watched') || end === undefined)
    throw new Error(`unreadable trial: ${line}`);
  return {
    side,
    callToReaped: Number(call) / 1000,
    execToStill: Number(still) / 1000,
    execToExit: Number(exit) / 1000,
    rounds: Number(rounds),
    survived: end !== 'dead',
  };
}

export interface SideSummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly stillP50: number;
  readonly exitP50: number;
  readonly survivors: number;
  /** Share of victims that ran at least one instruction of their own, in percent. */
  readonly ranPercent: number;
}

export function summarise(trials: readonly Trial[], side: Trial['side']): SideSummary {
  const own = trials.filter((t) => t.side === side);
  const call = own.map((t) => t.callToReaped);
  return {
    p50: quantile(call, 0.5),
    p90: quantile(call, 0.9),
    p99: quantile(call, 0.99),
    stillP50: median(own.map((t) => t.execToStill)),
    exitP50: median(own.map((t) => t.execToExit)),
    survivors: own.filter((t) => t.survived).length,
    ranPercent: (100 * own.filter((t) => t.rounds > 0).length) / own.length,
  };
}
