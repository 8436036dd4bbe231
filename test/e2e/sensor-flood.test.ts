import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProbe, Group, makeFolder, removeFolder, Watch, whyNoSensor } from './support/sensor-rig.ts';

const why = await whyNoSensor();
if (why !== undefined) console.log(`sensor flood test skipped: ${why}`);

const flood = 300_000;

describe.skipIf(why !== undefined)('a flood of opens', () => {
  let dir: string;
  let probe: string;
  let watch: Watch;
  let noisy: Group;
  let quiet: Group;

  beforeAll(async () => {
    dir = await makeFolder();
    probe = await buildProbe(dir);
    watch = await Watch.start();
    noisy = await Group.make('noisy');
    quiet = await Group.make('quiet');
    await writeFile(join(dir, 'bait'), '');
    await writeFile(join(dir, 'key'), '');
  });
  afterAll(async () => {
    await watch?.stop();
    await noisy?.remove();
    await quiet?.remove();
    await removeFolder(dir);
  });

  it('hides nothing: what it costs is counted against its own cgroup', async () => {
    const bait = join(dir, 'bait');
    const flooding = noisy.run(probe, ['flood', bait, String(flood)]);
    await watch.until(() => watch.of('open', noisy.id).length > 1000 || undefined, 'the flood');
    const attack = await quiet.run(probe, ['exec', '/bin/cat', join(dir, 'key')]);
    const { pid } = await flooding;
    await watch.ended(pid);
    await watch.ended(attack.pid);
    const gapsOf = (g: Group) => watch.events.filter((e) => e.kind === 'gap' && e.cgroup === g.id);
    await watch.until(() => gapsOf(noisy).length > 0 || undefined, 'a gap');

    expect(watch.of('exec', quiet.id).map((e) => e.exe)).toContain('/usr/bin/cat');
    expect(watch.of('open', quiet.id).map((e) => e.path)).toContain(join(dir, 'key'));
    expect(gapsOf(quiet)).toEqual([]);
    // The flooder ends by executing itself anew: seen although its opens are not all.
    const own = watch.of('exec', noisy.id).filter((e) => e.process.pid === pid && e.args[1] === 'nothing');
    expect(own).toHaveLength(1);
    const count = () => ({
      seen: watch.of('open', noisy.id).filter((e) => e.path === bait).length,
      lost: gapsOf(noisy).reduce(
        (sum, e) => sum + (e.kind === 'gap' && e.reason === 'rate limit: open' ? e.lost : 0),
        0,
      ),
    });
    await watch.until(
      () => count().seen + count().lost >= flood || undefined,
      'every open to be seen or counted',
    );
    expect(count().lost).toBeGreaterThan(0);
    // The group's shell and the final exec add a few opens of their own, none of the bait.
    expect(count().seen + count().lost).toBeLessThan(flood + 100);
  });
});
