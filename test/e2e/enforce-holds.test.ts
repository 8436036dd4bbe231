import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CgroupEnforcer, openCgroupEnforcer, resumeHolds } from '../../agent/adapters/enforce-cgroup.ts';
import type { ProcessRef } from '../../fingerprint/event.ts';
import { EnforceWorld, mount, nowUs } from './support/enforce-world.ts';

let world: EnforceWorld;
let enforcer: CgroupEnforcer;
const open = (): Promise<CgroupEnforcer> =>
  openCgroupEnforcer({ dataDir: world.dataDir, now: nowUs, self: world.agent.pid ?? 0 });

beforeEach(async () => {
  world = new EnforceWorld('holds');
  enforcer = await open();
});
afterEach(async () => {
  enforcer.close();
  await world.close();
});

describe('holds of an agent that was killed', () => {
  /** Another process holds `culprit` as the agent would, and is killed the moment it says so. */
  async function holdAndDie(action: 'hold' | 'freeze', culprit: ProcessRef): Promise<void> {
    const script = `
      const { openCgroupEnforcer } = await import(${JSON.stringify(new URL('../../agent/adapters/enforce-cgroup.ts', import.meta.url).href)});
      const enforcer = await openCgroupEnforcer({ dataDir: process.argv[1], now: () => Date.now() * 1000, self: Number(process.argv[3]) });
      await enforcer.act(JSON.parse(process.argv[2]));
      console.log('held');
      setInterval(() => undefined, 1000);`;
    const request = JSON.stringify(world.request(action, culprit));
    const child = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      script,
      world.dataDir,
      request,
      String(world.agent.pid),
    ]);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  it.each(['hold', 'freeze'] as const)(
    'are taken over by the next, with their deadline: %s',
    async (action) => {
      const log = world.log('tick.log');
      const culprit = await world.start('drifter', 'tick', log.path);
      await holdAndDie(action, culprit);
      enforcer.close();
      enforcer = await open();
      expect(enforcer.holds()).toMatchObject([{ action, cgroupPath: world.cgroup, pids: [culprit.pid] }]);
      expect(await log.moves()).toBe(false);
      await enforcer.resume({ incident: enforcer.holds()[0]?.incident ?? '' });
      expect(await log.moves()).toBe(true);
      expect(world.markers()).toEqual([]);
    },
  );

  it.each([
    ['missing', (path: string) => rmSync(path)],
    ['cut short', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 20))],
    ['of another kind', (path: string) => writeFileSync(path, '{"holds":3}')],
  ])('are found in the cgroups when their file is %s', async (_name, spoil) => {
    const log = world.log('tick.log');
    const culprit = await world.start('drifter', 'tick', log.path);
    await holdAndDie('hold', culprit);
    spoil(join(world.dataDir, 'holds.json'));
    enforcer.close();
    enforcer = await open();
    expect(enforcer.holds()).toMatchObject([{ action: 'hold', pids: [culprit.pid] }]);
    // The full id is known again to whoever asks by it.
    expect(await enforcer.resume({ incident: world.request('hold', culprit).incident.id })).toHaveLength(1);
    expect(await log.moves()).toBe(true);
  });

  it.each(['hold', 'freeze'] as const)(
    'are let go without an agent, as often as one asks: %s',
    async (action) => {
      const log = world.log('tick.log');
      const culprit = await world.start('drifter', 'tick', log.path);
      await holdAndDie(action, culprit);
      expect(await resumeHolds(world.dataDir, { incident: 'f'.repeat(64) })).toEqual([]);
      expect(await log.moves()).toBe(false);
      expect(await resumeHolds(world.dataDir, 'all')).toMatchObject([{ action, pids: [culprit.pid] }]);
      expect(await log.moves()).toBe(true);
      expect(await resumeHolds(world.dataDir, 'all')).toEqual([]);
      expect(world.markers()).toEqual([]);
    },
  );

  it('are not touched by the agent of another data directory', async () => {
    const log = world.log('tick.log');
    const culprit = await world.start('drifter', 'tick', log.path);
    await enforcer.act(world.request('hold', culprit));
    const elsewhere = join(world.dir, 'elsewhere');
    execFileSync('mkdir', [elsewhere]);
    expect(await resumeHolds(elsewhere, 'all')).toEqual([]);
    expect(await log.moves()).toBe(false);
  });

  it('do not keep a paused instance standing', async () => {
    const log = world.log('tick.log');
    const culprit = await world.start('drifter', 'tick', log.path);
    await enforcer.act(world.request('hold', culprit));
    const marker = world.markers()[0]?.replace('whorl-hold-', 'whorl-pause-') ?? '';
    await enforcer.resume('all');
    execFileSync('mkdir', [join(mount + world.cgroup, marker)]);
    writeFileSync(join(mount + world.cgroup, 'cgroup.freeze'), '1');
    await world.until(
      () => readFileSync(join(mount + world.cgroup, 'cgroup.events'), 'utf8').includes('frozen 1'),
      'it stands',
    );
    enforcer.close();
    enforcer = await open();
    expect(await log.moves()).toBe(true);
    expect(world.markers()).toEqual([]);
  });

  it('keep their file readable by the owner alone', async () => {
    const culprit = await world.start('drifter', 'tick', world.log('tick.log').path);
    await enforcer.act(world.request('hold', culprit));
    expect(statSync(join(world.dataDir, 'holds.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(world.dataDir).sort()).toEqual(['evidence', 'holds.json']);
  });
});
