import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CgroupEnforcer,
  type CgroupEnforcerOptions,
  openCgroupEnforcer,
} from '../../agent/adapters/enforce-cgroup.ts';
import { cgroupOf } from '../../agent/adapters/linux/process-proc.ts';
import type { ProcessRef } from '../../fingerprint/event.ts';
import { alive, EnforceWorld, nowUs, refOf } from './support/enforce-world.ts';

let world: EnforceWorld;
let enforcer: CgroupEnforcer;
const open = (more: Partial<CgroupEnforcerOptions> = {}): Promise<CgroupEnforcer> =>
  openCgroupEnforcer({ dataDir: world.dataDir, now: nowUs, self: world.agent.pid ?? 0, ...more });

beforeEach(async () => {
  world = new EnforceWorld('subtree');
  enforcer = await open();
});
afterEach(async () => {
  enforcer.close();
  await world.close();
});

/** What the agent's process table would know: everybody who was ever born, with the start time as it was. */
function lineageOf(pids: () => number[]): { readonly subtree: readonly ProcessRef[] } {
  const known = new Map<number, ProcessRef>();
  return {
    get subtree() {
      // Who died before we looked has told its start time to the agent's source only; here any will do.
      for (const pid of pids()) {
        if (alive(pid)) known.set(pid, refOf(pid));
        else if (!known.has(pid)) known.set(pid, { pid, start: 0 });
      }
      return [...known.values()];
    },
  };
}

describe('hold', () => {
  it('stops the drifting subtree while the service beside it goes on answering, until it is resumed', async () => {
    const service = await world.service();
    const log = world.log('tree.log');
    const culprit = await world.start('drifter', 'tree', log.path);
    await world.until(() => log.pids().length === 3, 'the tree has grown');

    const result = await enforcer.act(world.request('hold', culprit));
    expect(result).toMatchObject({ result: 'done', action: 'hold' });
    expect([...result.stopped].sort()).toEqual(log.pids().sort());
    expect(await log.moves()).toBe(false);
    expect(await service.answers()).toBe(true);
    expect(enforcer.holds()).toMatchObject([{ action: 'hold', cgroupPath: world.cgroup }]);

    expect(await enforcer.resume('all')).toHaveLength(1);
    expect(await log.moves()).toBe(true);
    expect(log.pids().map(cgroupOf)).toEqual(log.pids().map(() => world.cgroup));
    expect(enforcer.holds()).toEqual([]);
    expect(world.markers()).toEqual([]);
    expect(await enforcer.resume('all')).toEqual([]);
  });

  it('is not ended by SIGCONT', async () => {
    const log = world.log('tick.log');
    const culprit = await world.start('drifter', 'tick', log.path);
    await enforcer.act(world.request('hold', culprit));
    process.kill(culprit.pid, 'SIGCONT');
    expect(await log.moves()).toBe(false);
  });

  it('takes a daemon that has a session of its own and no parent left', async () => {
    const log = world.log('orphans.log');
    const culprit = await world.start('drifter', 'orphans', log.path);
    await world.until(() => log.pids().length === 5, 'the daemons run');
    // The agent saw the fork that opened the session; whose children the rest are, /proc does not tell.
    const middle = { pid: log.pids()[1] ?? 0, start: culprit.start };
    const result = await enforcer.act(world.request('hold', culprit, { subtree: [middle] }));
    expect(result.result).toBe('done');
    expect(await log.moves()).toBe(false);
  });

  it('is not outrun by a fork storm', async () => {
    const service = await world.service();
    const log = world.log('storm.log');
    const culprit = await world.start('drifter', 'storm', log.path);
    await world.until(() => log.pids().length > 10, 'the storm rises');
    const result = await enforcer.act(world.request('hold', culprit, lineageOf(log.pids)));
    expect(result).toMatchObject({ result: 'done' });
    expect(await log.moves()).toBe(false);
    expect(await service.answers()).toBe(true);
    expect(log.pids().filter(alive).map(cgroupOf)).not.toContain(world.cgroup);
  });

  it('is not outrun by processes that each live only for the fork of the next', async () => {
    const service = await world.service();
    const log = world.log('chain.log');
    const culprit = await world.start('drifter', 'chain', log.path);
    await world.until(() => log.pids().length > 20, 'the chain runs');
    const result = await enforcer.act(world.request('hold', culprit, lineageOf(log.pids)));
    expect(result).toMatchObject({ result: 'done' });
    expect(await log.moves()).toBe(false);
    expect(await service.answers()).toBe(true);
  });

  it('says so, and leaves nothing behind, when its target is gone or its pid belongs to another', async () => {
    const log = world.log('tick.log');
    const culprit = await world.start('drifter', 'tick', log.path);
    const other = { pid: culprit.pid, start: culprit.start - 60_000_000 };
    for (const action of ['hold', 'kill-subtree'] as const) {
      expect(await enforcer.act(world.request(action, other))).toMatchObject({
        result: 'target-gone',
        stopped: [],
      });
    }
    expect(await log.moves()).toBe(true);
    expect(world.markers()).toEqual([]);
    expect(enforcer.holds()).toEqual([]);
  });

  it('takes in what the same incident shows later', async () => {
    const [one, two] = [world.log('one.log'), world.log('two.log')];
    const first = await world.start('drifter', 'tick', one.path);
    const second = await world.start('drifter', 'tick', two.path);
    await enforcer.act(world.request('hold', first));
    expect(await two.moves()).toBe(true);
    const again = await enforcer.act(world.request('hold', first, { subtree: [second] }));
    expect([...again.stopped].sort()).toEqual([first.pid, second.pid].sort());
    expect(await two.moves()).toBe(false);
    expect(enforcer.holds()).toHaveLength(1);
  });
});

describe('kill-subtree', () => {
  it('kills the subtree, leaves its neighbours alive, and keeps evidence of what it was', async () => {
    const service = await world.service();
    const log = world.log('tree.log');
    const culprit = await world.start('drifter', 'tree', log.path, '--password=hunter2hunter2');
    await world.until(() => log.pids().length === 3, 'the tree has grown');
    const binary = readFileSync(join(world.dir, 'drifter'));
    rmSync(join(world.dir, 'drifter'));

    const result = await enforcer.act(world.request('kill-subtree', culprit));
    expect(result).toMatchObject({ result: 'done', action: 'kill-subtree' });
    expect(log.pids().filter(alive)).toEqual([]);
    expect(await service.answers()).toBe(true);
    expect(world.markers()).toEqual([]);
    expect(enforcer.holds()).toEqual([]);

    const path = result.evidence ?? '';
    const text = readFileSync(path, 'utf8');
    const evidence = JSON.parse(text);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(evidence.lineage[0]).toMatchObject({ pid: culprit.pid, exe: expect.stringContaining('/drifter') });
    expect(evidence.lineage[1].pid).toBe(process.pid);
    expect(evidence.processes).toHaveLength(3);
    expect(evidence.files).toContain(log.path);
    expect(text).not.toContain('hunter2');
    expect(evidence.exe).toMatchObject({ sha256: createHash('sha256').update(binary).digest('hex') });
    expect(readFileSync(evidence.exe.copy).equals(binary)).toBe(true);
    expect(statSync(evidence.exe.copy).mode & 0o777).toBe(0o600);
  });

  it('kills what is held already', async () => {
    const log = world.log('tree.log');
    const culprit = await world.start('drifter', 'tree', log.path);
    await world.until(() => log.pids().length === 3, 'the tree has grown');
    await enforcer.act(world.request('hold', culprit));
    expect(await enforcer.act(world.request('kill-subtree', culprit))).toMatchObject({ result: 'done' });
    expect(log.pids().filter(alive)).toEqual([]);
    expect(enforcer.holds()).toEqual([]);
  });

  it('kills a process whose first thread has left it and that therefore looks dead', async () => {
    const log = world.log('leaderless.log');
    const culprit = await world.start('drifter', 'leaderless', log.path);
    await world.until(
      () => readFileSync(`/proc/${culprit.pid}/stat`, 'latin1').includes(') Z'),
      'the leader is gone',
    );
    expect(await log.moves()).toBe(true);
    expect(await enforcer.act(world.request('kill-subtree', culprit))).toMatchObject({ result: 'done' });
    expect(await log.moves()).toBe(false);
  });

  it('leaves the copy out and says so when the evidence directory is full', async () => {
    enforcer.close();
    enforcer = await open({ evidenceCapBytes: 100 });
    const culprit = await world.start('drifter', 'tick', world.log('tick.log').path);
    const result = await enforcer.act(world.request('kill-subtree', culprit));
    expect(result).toMatchObject({ result: 'done', detail: 'the evidence directory is at its cap' });
    expect(result.evidence).toBeUndefined();
  });
});
