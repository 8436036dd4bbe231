import { parseArgs } from 'node:util';
import { describeMachine, machineFacts } from './machine.ts';
import { type BenchOptions, type BenchResult, describeResult, resultLine } from './result.ts';

type Run = (options: BenchOptions) => Promise<BenchResult>;

/** Loaded on demand: what one benchmark pulls in must not weigh on the heap of another. */
const benchmarks: Readonly<Record<string, () => Promise<Run>>> = {
  verdict: async () => (await import('./verdict.ts')).run,
  'judge-growth': async () => (await import('./judge-growth.ts')).run,
  collector: async () => (await import('./collector.ts')).run,
  kill: async () => (await import('./kill.ts')).run,
  verify: async () => (await import('./verify.ts')).run,
  forecast: async () => (await import('./forecast.ts')).run,
  ingest: async () => (await import('./ingest.ts')).run,
  sweep: async () => (await import('./sweep.ts')).run,
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const name = positionals[0] ?? 'verdict';
  const load = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
  if (load === undefined || positionals.length > 1) {
    console.error(`usage: node bench/main.ts [${Object.keys(benchmarks).join('|')}] [--quick] [--json]`);
    return 2;
  }
  const machine = machineFacts();
  console.log(describeMachine(machine));
  const result = await (await load())({ quick: values.quick });
  console.log(describeResult(result));
  if (values.json) console.log(resultLine(result, machine));
  return 0;
}

process.exitCode = await main();
