import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listPids, readStat } from '../../agent/adapters/linux/process-proc.ts';
import type { AgentLine } from '../../cli/agent-line.ts';
import type { CollectorLine } from '../../cli/collector-line.ts';
import { ask } from '../../cli/control-client.ts';
import { agentSocket, collectorSocket } from '../../cli/data-dir.ts';
import { LineLog } from '../../cli/demo/line-log.ts';
import { silenceFindings } from '../../cli/doctor/silence.ts';
import { type LocalStack, startStack } from '../../cli/local-stack.ts';
import { describeCollector } from '../../cli/status-text.ts';
import { sensorBinary, whyNoSensor } from './support/sensor-rig.ts';

const why = await whyNoSensor();
if (why !== undefined) console.log(`canary: not tested, ${why}`);

describe.skipIf(why !== undefined)('a canary on a real stack', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'whorl-canary-'));
  const agentLines = new LineLog<AgentLine>();
  const collectorLines = new LineLog<CollectorLine>();
  let stack: LocalStack;

  beforeAll(async () => {
    stack = await startStack({
      dataDir,
      env: process.env,
      agent: {
        sensor: await sensorBinary(),
        node: 'n1',
        canarySeconds: 2,
        heartbeatSeconds: 1,
        containerdSocket: '',
      },
      collector: { listen: '127.0.0.1:0' },
      onAgentLine: (line) => agentLines.add(line),
      onCollectorLine: (line) => collectorLines.add(line),
    });
  });
  afterAll(async () => {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const status = (of: 'agent' | 'collector') =>
    ask(of === 'agent' ? agentSocket(dataDir) : collectorSocket(dataDir), of, {
      method: 'GET',
      path: of === 'agent' ? '/status' : '/api/v1/status',
    });
  const canaryOf = async (): Promise<unknown> => {
    const agents: unknown = Reflect.get(Object(await status('collector')), 'agents');
    return Array.isArray(agents) ? Reflect.get(Object(agents[0]), 'canary') : undefined;
  };
  const counter = async (name: string): Promise<number> =>
    Number(Reflect.get(Object(Reflect.get(Object(await status('agent')), 'counters')), name) ?? 0);

  async function until(check: () => Promise<boolean>, what: string): Promise<void> {
    for (let i = 0; i < 600; i += 1) {
      if (await check()) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`waited a minute in vain: ${what}`);
  }

  it('is seen by agent and collector, and shown to nobody', async () => {
    // All acts were drawn, but for a chance of one in a million.
    await until(async () => (await counter('canary.seen')) >= 6, 'six canaries');
    expect(await counter('canary.missed')).toBe(0);
    expect(await canaryOf()).toMatchObject({ state: 'seeing', blindSince: 0 });
    const call = (path: string) => ask(collectorSocket(dataDir), 'collector', { method: 'GET', path });
    expect(JSON.stringify(await call('/api/v1/incidents'))).not.toContain('whorl/canary');
    expect(JSON.stringify(await call('/api/v1/workloads'))).not.toContain('whorl/canary');
    const shown = [...agentLines.since(0), ...collectorLines.since(0)].map((line) => JSON.stringify(line));
    expect(shown.filter((line) => line.includes('whorl/canary'))).toEqual([]);
    expect(silenceFindings(await status('agent'), await status('collector'))).toMatchObject([
      { state: 'ok' },
    ]);
  });

  it('is missed while the sensor hangs, and seen again when it goes on', async () => {
    const sensor = sensorOf(stack.agent.pid);
    const from = collectorLines.end;
    const stopped = Date.now();
    process.kill(sensor, 'SIGSTOP');
    try {
      const blind = await collectorLines.wait('blindness', (l) => (l.type === 'canary' ? l : undefined), {
        from,
        signal: new AbortController().signal,
        timeoutMs: 30_000,
      });
      expect(blind).toMatchObject({ node: 'n1', state: 'blind' });
      // One period, ten seconds, and the second in which it is looked at.
      expect(Date.now() - stopped).toBeLessThan(20_000);
      await until(async () => (await counter('canary.missed')) > 0, 'the agent to notice');
      const told = await status('collector');
      expect(describeCollector(told).filter((line) => line.startsWith('blind '))).toHaveLength(1);
      expect(silenceFindings(await status('agent'), told).map((f) => f.state)).toEqual([
        'missing',
        'missing',
      ]);
    } finally {
      process.kill(sensor, 'SIGCONT');
    }
    const again = await collectorLines.wait(
      'sight',
      (l) => (l.type === 'canary' && l.state === 'seeing' ? l : undefined),
      { from, signal: new AbortController().signal, timeoutMs: 40_000 },
    );
    expect(again).toMatchObject({ node: 'n1', blindSince: 0 });
  });
});

function sensorOf(agent: number): number {
  const sensor = listPids()
    .map((pid) => readStat(pid))
    .find((stat) => stat?.ppid === agent && stat.comm.startsWith('whorl-sensor'));
  if (sensor === undefined) throw new Error('the agent has no sensor');
  return sensor.pid;
}
