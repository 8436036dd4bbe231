import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median, quantile } from '../statistics.ts';
import type { Fleet } from './fleet.ts';
import type { Ordered } from './protocol.ts';

/** One order to every stream: how long the collector writes, and when it arrives. ms. */
export interface FanOut {
  readonly write: number;
  readonly p50: number;
  readonly p99: number;
}

const orders = 10;

/** @returns medians over some orders */
export async function fanOut(fleet: Fleet, caFile: string): Promise<FanOut> {
  const edge = fork(fileURLToPath(new URL('edge-process.ts', import.meta.url)), [caFile]);
  try {
    const [address]: string[] = await once(edge, 'message');
    await fleet.connect(address ?? '');
    const found: FanOut[] = [];
    for (let i = 0; i < orders; i++) {
      const arrived = fleet.ordered();
      const written = once(edge, 'message');
      edge.send('order');
      const [sent]: Ordered[] = await written;
      const { began, written: end } = sent ?? { began: 0, written: 0 };
      const took = (await arrived).map((at) => at - began);
      found.push({ write: end - began, p50: quantile(took, 0.5), p99: quantile(took, 0.99) });
    }
    const of = (what: keyof FanOut): number => median(found.map((f) => f[what]));
    return { write: of('write'), p50: of('p50'), p99: of('p99') };
  } finally {
    edge.kill('SIGKILL');
  }
}
