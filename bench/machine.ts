import { readFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';

export interface Machine {
  readonly node: string;
  readonly kernel: string;
  readonly cores: number;
  readonly model: string;
  /** One minute, when the benchmark began: above the number of cores, latencies tell of the neighbours. */
  readonly load: number;
  readonly memoryMiB: number;
}

export function machineFacts(): Machine {
  const cores = cpus();
  const total = /^MemTotal:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? '0';
  return {
    node: process.version,
    kernel: release(),
    cores: cores.length,
    model: cores[0]?.model.trim() ?? 'unknown',
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
    memoryMiB: Math.round(Number(total) / 1024),
  };
}

export function describeMachine(m: Machine): string {
  return `machine: node ${m.node}, kernel ${m.kernel}, ${m.cores} cores (${m.model}), ${m.memoryMiB} MiB, load ${m.load}`;
}
