import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../statistics.ts';
import type { Running } from './node.ts';

/** What came of a stretch at one rate. Times in µs. */
export interface Rate {
  readonly perSecond: number;
  readonly reached: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  readonly verdicts: number;
  readonly shed: number;
  readonly uncounted: number;
  readonly stalls: number;
}

/** Incidents of one copy that begin within a second are one: fewer a second than there are copies. */
const strangePerSecond = 15;

export async function atRates({ agent, server }: Running, perSecond: number, seconds: number): Promise<Rate> {
  const before = await agent.counters();
  agent.verdicts.length = 0;
  const start = performance.now();
  const { sent, stalls } = await server.ask({ do: 'rate', perSecond, seconds, strangePerSecond });
  const took = (performance.now() - start) / 1000;
  await sleep(500);
  const after = await agent.counters();
  const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
  const { verdicts } = agent;
  if (verdicts.length === 0) throw new Error('the agent told of no incident');
  return {
    perSecond,
    reached: sent / took,
    p50: quantile(verdicts, 0.5),
    p99: quantile(verdicts, 0.99),
    most: quantile(verdicts, 1),
    verdicts: verdicts.length,
    shed: grown('lost.shed'),
    uncounted: sent - grown('tracee.records'),
    stalls,
  };
}
