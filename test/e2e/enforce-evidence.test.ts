import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CgroupEnforcer, openCgroupEnforcer } from '../../agent/adapters/enforce-cgroup.ts';
import { EnforceWorld, nowUs } from './support/enforce-world.ts';

let world: EnforceWorld;
let enforcer: CgroupEnforcer;

beforeEach(async () => {
  world = new EnforceWorld('evidence');
  enforcer = await openCgroupEnforcer({ dataDir: world.dataDir, now: nowUs, self: world.agent.pid ?? 0 });
});
afterEach(async () => {
  enforcer.close();
  await world.close();
});

describe('evidence of what is killed', () => {
  // A stop waits 20 ms for what may hang; a machine that is busy enough uses them up, and the evidence says so.
  it('has the arguments, and the addresses of sockets that are closed with their process', {
    retry: 3,
  }, async () => {
    const log = world.log('sockets.log');
    const culprit = await world.start('drifter', 'sockets', log.path);
    expect(await log.moves()).toBe(true);
    const result = await enforcer.act(world.request('kill-subtree', culprit));
    const { processes, files, missing } = JSON.parse(readFileSync(result.evidence ?? '', 'utf8'));
    expect(missing).toEqual([]);
    expect(processes[0].args.slice(1)).toEqual(['sockets', log.path]);
    expect(files).toContainEqual(expect.stringMatching(/^tcp 127\.0\.0\.1:\d+ → 0\.0\.0\.0:0 listening$/));
    expect(files.filter((file: string) => file.startsWith('unix socket:'))).toHaveLength(2);
  });
});
