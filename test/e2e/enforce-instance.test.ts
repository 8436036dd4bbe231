import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CgroupEnforcer,
  type CgroupEnforcerOptions,
  openCgroupEnforcer,
} from '../../agent/adapters/enforce-cgroup.ts';
import type { ProcessRef } from '../../fingerprint/event.ts';
import { alive, EnforceWorld, nowUs, refOf } from './support/enforce-world.ts';

let world: EnforceWorld;
let enforcer: CgroupEnforcer;
const open = (more: Partial<CgroupEnforcerOptions> = {}): Promise<CgroupEnforcer> =>
  openCgroupEnforcer({ dataDir: world.dataDir, now: nowUs, self: world.agent.pid ?? 0, ...more });

beforeEach(async () => {
  world = new EnforceWorld('instance');
  enforcer = await open();
});
afterEach(async () => {
  enforcer.close();
  await world.close();
});

describe('freeze and kill of the instance', () => {
  it('freezes everybody and thaws them at the deadline', async () => {
    const service = await world.service();
    const log = world.log('tick.log');
    const culprit = await world.start('drifter', 'tick', log.path);
    const expired: string[] = [];
    enforcer.close();
    enforcer = await open({ onExpired: (holds) => expired.push(...holds.map((h) => h.action)) });
    const deadline = nowUs() + 1_500_000;
    const result = await enforcer.act(world.request('freeze', culprit, { deadline }));
    expect(result).toMatchObject({ result: 'done', action: 'freeze' });
    expect([...result.stopped].sort()).toEqual([service.pid, culprit.pid].sort());
    expect(await log.moves()).toBe(false);
    await world.until(() => expired.length > 0, 'the deadline passes');
    expect(nowUs()).toBeGreaterThanOrEqual(deadline);
    expect(await log.moves()).toBe(true);
    expect(await service.answers()).toBe(true);
    expect(world.markers()).toEqual([]);
  });

  it('stays frozen until the last of two incidents is resumed', async () => {
    const log = world.log('tick.log');
    const culprit = await world.start('drifter', 'tick', log.path);
    const first = world.request('freeze', culprit);
    const second = { ...first, incident: { ...first.incident, id: 'f'.repeat(64) } };
    await enforcer.act(first);
    await enforcer.act(second);
    await enforcer.resume({ incident: first.incident.id });
    expect(await log.moves()).toBe(false);
    await enforcer.resume({ incident: second.incident.id });
    expect(await log.moves()).toBe(true);
  });

  it('kills everybody and leaves the cgroup ready for the next start', async () => {
    const service = await world.service();
    const log = world.log('tree.log');
    const culprit = await world.start('drifter', 'tree', log.path);
    await world.until(() => log.pids().length === 3, 'the tree has grown');
    await enforcer.act(world.request('hold', culprit));
    const result = await enforcer.act(world.request('kill', culprit));
    expect(result).toMatchObject({ result: 'done', action: 'kill' });
    expect([service.pid, ...log.pids()].filter(alive)).toEqual([]);
    expect(existsSync(result.evidence ?? '')).toBe(true);
    expect(enforcer.holds()).toEqual([]);
    const next = world.log('next.log');
    await world.start('drifter', 'tick', next.path);
    expect(await next.moves()).toBe(true);
    const late = await enforcer.act(world.request('kill', culprit, { incident: old(culprit) }));
    expect(late).toMatchObject({ result: 'target-gone' });
    expect(await next.moves()).toBe(true);
  });
  const old = (culprit: ProcessRef) => ({
    ...world.request('kill', culprit).incident,
    last: nowUs() - 60_000_000,
  });

  it('asks the runtime last, only when the kernel did not end it', async () => {
    const asked: string[] = [];
    enforcer.close();
    enforcer = await open({ runtimeKill: async (instance) => void asked.push(instance) });
    const culprit = await world.start('drifter', 'tick', world.log('tick.log').path);
    expect(await enforcer.act(world.request('kill', culprit))).toMatchObject({ result: 'done' });
    expect(asked).toEqual([]);
  });

  it.each(['freeze', 'kill'] as const)('refuses to %s a cgroup that others share', async (action) => {
    const log = world.log('tick.log');
    const culprit = await world.start('drifter', 'tick', log.path);
    const shared = await enforcer.act(world.request(action, culprit, { exclusive: false }));
    expect(shared).toMatchObject({
      result: 'refused-protected',
      stopped: [],
      detail: expect.stringContaining('shared'),
    });
    const root = await enforcer.act(world.request(action, culprit, { cgroupPath: '/' }));
    expect(root.result).toBe('refused-protected');
    expect(await log.moves()).toBe(true);
  });

  it.each(['hold', 'kill-subtree', 'freeze', 'kill'] as const)(
    'says of a cgroup that is gone that it is: %s',
    async (action) => {
      const culprit = { pid: 999_999_999, start: 1 };
      const result = await enforcer.act(
        world.request(action, culprit, { cgroupPath: `${world.cgroup}/gone` }),
      );
      expect(result).toMatchObject({ result: 'target-gone', stopped: [] });
    },
  );
});

describe('never stopped', () => {
  it.each([
    ['the agent itself', () => world.agent.pid ?? 0, /the agent itself/],
    ['what the agent descends from', () => process.pid, /descends from it/],
    ['process 1', () => 1, /process 1/],
    ['a kernel thread', () => 2, /kernel thread/],
  ])('%s', async (_name, pid, why) => {
    const culprit = refOf(pid());
    for (const action of ['hold', 'kill-subtree'] as const) {
      const result = await enforcer.act(world.request(action, culprit, { exclusive: false }));
      expect(result).toMatchObject({
        result: 'refused-protected',
        stopped: [],
        detail: expect.stringMatching(why),
      });
    }
    expect(world.markers()).toEqual([]);
  });

  it('what the agent started, and a cgroup with any of these in it', async () => {
    enforcer.close();
    enforcer = await open({ self: process.pid });
    const culprit = await world.start('drifter', 'tick', world.log('tick.log').path);
    for (const action of ['hold', 'kill-subtree', 'freeze', 'kill'] as const) {
      const result = await enforcer.act(world.request(action, culprit));
      expect(result).toMatchObject({
        result: 'refused-protected',
        detail: expect.stringContaining('agent started it'),
      });
    }
    expect(alive(culprit.pid)).toBe(true);
  });

  it('a neighbour, by an incident whose id or cgroup would lead elsewhere', async () => {
    const culprit = await world.start('drifter', 'tick', world.log('tick.log').path);
    const request = world.request('hold', culprit);
    const named = await enforcer.act({ ...request, incident: { ...request.incident, id: '../../x' } });
    expect(named).toMatchObject({ result: 'failed', detail: expect.stringContaining('hexadecimal') });
    const climbing = await enforcer.act({ ...request, cgroupPath: `${world.cgroup}/../..` });
    expect(climbing).toMatchObject({ result: 'failed', detail: expect.stringContaining('..') });
  });
});
