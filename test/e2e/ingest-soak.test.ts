import { afterAll, beforeAll, expect, it } from 'vitest';
import { busyShares } from '../../bench/ingest/mixture.ts';
import { BenchNode, type Running } from '../../bench/ingest/node.ts';
import { rssMibOf } from '../../bench/ingest/process.ts';
import { median } from '../../bench/statistics.ts';

const isLong = process.env.WHORL_TEST_LONG === '1';
/** Ten minutes; in CI the same for twenty seconds, in which the heap has hardly settled. */
const { warmUp, seconds, growth } = isLong
  ? { warmUp: 60, seconds: 600, growth: 1.05 }
  : { warmUp: 5, seconds: 20, growth: 1.25 };
const perSecond = 20_000;
/**
 * Programs that nobody approved: what is new goes the long way, and makes incidents. In a minute of warming up more than
 * are kept open (fingerprint/incidents.ts), so that this table is full too before anything is measured.
 */
const strange = { warmUp: 20, perSecond: 5 };
/** Each part is one order to the server; memory is looked at after it. */
const partSeconds = isLong ? 10 : 2;

let node: BenchNode;
let running: Running;

beforeAll(async () => {
  node = await BenchNode.make({ copies: 20, entries: 400 });
  running = await node.start('full', { shares: busyShares });
}, 120_000);

afterAll(async () => {
  await running?.agent.stop();
  running?.server.stop();
  node?.close();
});

/** So many seconds at the rate. @returns messages sent */
async function part(length: number, strangePerSecond = strange.perSecond): Promise<number> {
  const { sent } = await running.server.ask({ do: 'rate', perSecond, seconds: length, strangePerSecond });
  return sent;
}

it(`an agent that reads ${perSecond} events a second for ${seconds} s keeps its size and loses no event uncounted`, {
  timeout: (warmUp + seconds) * 2_000 + 60_000,
}, async () => {
  await part(warmUp);
  const before = await running.agent.counters();
  const sizes: number[] = [];
  let sent = 0;
  for (let passed = 0; passed < seconds; passed += partSeconds) {
    sent += await part(partSeconds);
    sizes.push(rssMibOf(running.agent.pid));
  }
  const after = await running.agent.counters();
  const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
  const third = Math.floor(sizes.length / 3);
  const [first, last] = [median(sizes.slice(0, third)), median(sizes.slice(-third))];
  console.log(
    `soak: ${sent} events in ${seconds} s, ${grown('tracee.skipped')} answered at a look, ${grown('lost.shed')} let go; RSS ${first.toFixed(1)} → ${last.toFixed(1)} MiB, most ${Math.max(...sizes).toFixed(1)}`,
  );
  // Every message was looked at, and each either answered there or told as events; none was broken or passed over.
  expect(grown('tracee.records')).toBe(sent);
  expect(grown('tracee.malformed') + grown('tracee.unreadable')).toBe(0);
  expect(grown('events') + grown('lost.shed')).toBeGreaterThanOrEqual(sent);
  expect(last / first).toBeLessThanOrEqual(growth);
});
