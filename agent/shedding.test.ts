import { describe, expect, it } from 'vitest';
import { path, SensorWriter, type Who } from '../bench/sensor-writer.ts';
import { startOfService } from '../bench/service-stream.ts';
import { learnRecording, ShippedPath } from '../bench/shipped-path.ts';
import { fieldTag, recordType } from './core/normalise/sensor-record.ts';
import type { StateLine } from './state-line.ts';

/** As startOfService has it. */
const server: Who = { pid: 1000, start: 2_000_000_000, parent: { pid: 900, start: 1 }, cgroup: 4242 };

function act(writer: SensorWriter, n: number, type: number, name: string): void {
  writer.write(4_000_000_000 + n * 1_000, {
    type,
    who: server,
    a: 0o100000,
    b: 0o100000,
    fields: [[fieldTag.path, path(name)]],
  });
}

/** A copy that opens so many files it never opened before, and one that it opened already, in turn. */
function flood(acts: number): Uint8Array {
  const writer = new SensorWriter();
  for (let i = 0; i < acts; i += 2) {
    act(writer, i, recordType.open, `/var/lib/cart/new-${i}.json`);
    act(writer, i + 1, recordType.open, '/srv/app/known.conf');
  }
  return writer.bytes();
}

async function judging(): Promise<{ agent: ShippedPath; lines: StateLine[] }> {
  const known = new SensorWriter();
  for (let i = 0; i < 4; i++) act(known, i, recordType.open, '/srv/app/known.conf');
  const inForce = await learnRecording([startOfService(), known.bytes()]);
  const lines: StateLine[] = [];
  const agent = new ShippedPath({ judging: () => inForce, say: (line) => lines.push(line) });
  for (const bytes of [startOfService(), known.bytes()]) {
    agent.read(bytes);
    await agent.identified();
  }
  return { agent, lines };
}

describe('more that is new than there is time to look at', () => {
  it('is let go, counted, and told as a gap of the copy that floods; what is known goes on being answered', async () => {
    const { agent, lines } = await judging();
    const before = agent.counters.snapshot();
    agent.pipeline.load(1);
    agent.read(flood(10_000));
    agent.pipeline.load(1);
    const now = (name: string): number => agent.counters.get(name) - (before[name] ?? 0);
    expect(now('lost.shed')).toBe(4_800);
    expect(now('behaviours.known')).toBe(5_000);
    // Nothing vanishes: what came in was judged or is counted as let go.
    expect(now('events') + now('lost.shed')).toBe(10_000);
    expect(lines).toContainEqual(
      expect.objectContaining({ type: 'gap', lost: 4_800, reason: 'more than could be judged' }),
    );
  });

  it('is nobody’s gap when it is of the host, where nothing is judged', async () => {
    const { agent, lines } = await judging();
    agent.pipeline.load(1);
    const host = new SensorWriter();
    for (let i = 0; i < 1_000; i++)
      host.write(4_000_000_000 + i, {
        type: recordType.open,
        who: { pid: 50, start: 1_000_000, parent: { pid: 1, start: 1 }, cgroup: 1 },
        fields: [[fieldTag.path, path(`/var/lib/dpkg/info/${i}`)]],
      });
    agent.read(host.bytes());
    agent.pipeline.load(1);
    expect(agent.counters.get('lost.shed')).toBe(800);
    expect(lines.filter(({ type }) => type === 'gap')).toEqual([]);
  });

  it('is never a program that starts', async () => {
    const { agent } = await judging();
    agent.pipeline.load(1);
    agent.read(flood(10_000));
    const writer = new SensorWriter();
    writer.write(9_000_000_000, {
      type: recordType.exec,
      who: server,
      fields: [
        [fieldTag.path, path('/tmp/miner')],
        [fieldTag.args, new TextEncoder().encode('miner\0')],
      ],
    });
    const drifts = agent.counters.get('drifts');
    agent.read(writer.bytes());
    expect(agent.counters.get('drifts')).toBe(drifts + 1);
  });
});
