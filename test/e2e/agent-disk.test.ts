import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../cli/control-client.ts';
import { makeCgroup, removeCgroup } from '../../cli/demo/cgroup.ts';
import { mount } from './support/enforce-world.ts';
import { Planter } from './support/planter.ts';
import { sensorBinary, whyNoSensor } from './support/sensor-rig.ts';

const why = await whyNoSensor();
if (why !== undefined) console.log(`agent on a bad disk: not tested, ${why}`);

const launcher = new URL('../../bin/whorl', import.meta.url).pathname;
const dir = mkdtempSync(join(tmpdir(), 'whorl-agent-disk-'));
const running = new Set<Agent>();
let sensor = '';

interface Agent {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

/** An agent whose data directory is a small disk of its own, in a mount namespace of its own. */
function agentOn(disk: string): Agent {
  const script = `set -e; mount -t tmpfs -o size=4m tmpfs "$1"; ${disk}; shift; exec "$@"`;
  const settings = [
    `dataDir=${dir}`,
    `sensor=${sensor}`,
    'containerdSocket=',
    'eventsJson=true',
    'supportSeconds=1',
  ];
  const set = settings.flatMap((s) => ['--set', s]);
  const child = spawn('/usr/bin/unshare', [
    '--mount',
    'sh',
    '-c',
    script,
    'sh',
    dir,
    launcher,
    'agent',
    ...set,
  ]);
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString('utf8');
  });
  child.stderr.on('data', (part: Buffer) => {
    err += part.toString('utf8');
  });
  const agent: Agent = {
    child,
    out: () => out,
    err: () => err,
    ended: once(child, 'close').then(() => child.exitCode),
  };
  running.add(agent);
  void agent.ended.then(() => running.delete(agent));
  return agent;
}

async function until(agent: Agent, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 600 && !(await check()); i += 1) {
    if (agent.child.exitCode !== null) throw new Error(`ended with ${agent.child.exitCode}: ${agent.err()}`);
    await sleep(50);
  }
  expect(await check(), agent.err()).toBe(true);
}

describe.skipIf(why !== undefined)('an agent on a bad disk', () => {
  beforeAll(async () => {
    sensor = await sensorBinary();
  });
  afterEach(async () => {
    for (const agent of running) {
      agent.child.kill('SIGKILL');
      await agent.ended;
    }
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([
    ['is read-only', 'mount -o remount,ro "$1"', /read-only/i],
    [
      'became read-only after an earlier run',
      'mkdir -p "$1/agent/spool"; mount -o remount,ro "$1"',
      /read-only/i,
    ],
    ['is full', 'dd if=/dev/zero of="$1/ballast" bs=4k 2>/dev/null || true', /full|no space/i],
    ['holds a file where its directory should be', 'touch "$1/agent"', /agent/],
  ])('does not start when it %s, and says so in a sentence', async (_how, disk, sentence) => {
    const agent = agentOn(disk);
    expect(await agent.ended).toBe(2);
    expect(agent.err().trim().split('\n')).toHaveLength(1);
    expect(agent.err()).toMatch(/^whorl: /);
    expect(agent.err()).toMatch(sentence);
    expect(agent.err()).toContain(dir);
    expect(agent.err()).not.toMatch(/internal error|\bat .*\.ts:/);
  });

  it('goes on watching when it fills up, says so, counts what it cannot keep, and writes again when there is room', async () => {
    const agent = agentOn(':');
    const disk = () => join(`/proc/${agent.child.pid}/root`, dir);
    const status = () =>
      ask(join(disk(), 'agent', 'agent.sock'), 'agent', { method: 'GET', path: '/status' });
    const spool = async () =>
      Reflect.get(Object(await status()), 'spool') as { records: number; dropped: number };
    await until(agent, () => agent.out().includes('agent-ready'));
    try {
      writeFileSync(join(disk(), 'ballast'), Buffer.alloc(8 << 20));
    } catch {
      // Full now: what was wanted.
    }
    const cgroup = join(mount, `whorl-agent-disk-${process.pid}`);
    await makeCgroup(cgroup);
    const planter = await Planter.start(cgroup);
    for (let i = 0; i < 50; i += 1)
      await planter.do({
        act: 'exec',
        file: '/bin/true',
        args: [`argument-${'abcdefghij'.repeat(100)}-${i}`],
      });
    await until(agent, () => /full/.test(agent.err()));
    expect(await status()).toMatchObject({ ready: true });
    rmSync(join(disk(), 'ballast'));
    const before = (await spool()).records;
    await planter.do({ act: 'exec', file: '/bin/true', args: ['--after-the-flood'] });
    await until(agent, async () => (await spool()).records > before);
    await planter.end();
    await removeCgroup(cgroup);
    expect(agent.err().split('\n').length).toBeLessThan(50);
    agent.child.kill('SIGTERM');
    expect(await agent.ended, agent.err()).toBe(0);
  });
});
