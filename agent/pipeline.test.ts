import { expect, it } from 'vitest';
import { path, SensorWriter, type Who } from '../bench/sensor-writer.ts';
import { startOfService } from '../bench/service-stream.ts';
import { ShippedPath } from '../bench/shipped-path.ts';
import { fieldTag, recordType } from './core/normalise/sensor-record.ts';
import type { StateLine } from './state-line.ts';

/** As startOfService has it. */
const server: Who = { pid: 1000, start: 2_000_000_000, parent: { pid: 900, start: 1 }, cgroup: 4242 };

it('how much is known is told once a second at most, and on when a clock was set back', async () => {
  const lines: StateLine[] = [];
  const agent = new ShippedPath({ say: (line) => lines.push(line) });
  agent.read(startOfService());
  await agent.identified();
  let opened = 0;
  /** Something new happens; then the tick. */
  const told = (atMs: number): boolean => {
    const writer = new SensorWriter();
    const file = `/srv/app/conf-${String.fromCharCode(97 + opened)}.toml`;
    writer.write(4_000_000_000 + opened++ * 1_000, {
      type: recordType.open,
      who: server,
      a: 0o100000,
      b: 0o100000,
      fields: [[fieldTag.path, path(file)]],
    });
    agent.read(writer.bytes());
    lines.length = 0;
    agent.pipeline.tick(atMs * 1_000);
    return lines.some((line) => line.type === 'novelty-count');
  };
  expect([100_000, 100_200, 101_000, 50_000, 50_200, 51_000].map(told)).toEqual([
    true,
    false,
    true,
    true,
    false,
    true,
  ]);
});
