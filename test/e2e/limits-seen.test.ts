import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../fingerprint/event.ts';
import { buildMisser } from './support/misser.ts';
import { Group, makeFolder, removeFolder, Watch, whyNoSensor } from './support/sensor-rig.ts';

/** What other watchers miss and docs/limits.md says is seen. */
const why = await whyNoSensor();
if (why !== undefined) console.log(`limits-seen: not tested, ${why}`);

describe.skipIf(why !== undefined)('seen, although one might think otherwise', () => {
  let watch: Watch;
  let group: Group;
  let dir: string;
  let program: string;

  beforeAll(async () => {
    dir = await makeFolder();
    program = buildMisser(dir);
    group = await Group.make('limits-seen');
    watch = await Watch.start();
  });
  afterAll(async () => {
    await watch.stop();
    await group.remove();
    await removeFolder(dir);
  });

  async function act(...args: string[]): Promise<Event[]> {
    const ran = await group.run(program, args);
    expect(ran.code, args.join(' ')).toBe(0);
    await watch.ended(ran.pid);
    return watch.events.filter((e) => e.process.pid === ran.pid);
  }

  it('open_by_handle_at, with the path of the file', async () => {
    const file = join(dir, 'handle');
    writeFileSync(file, 'x');
    expect(await act('by-handle', file)).toContainEqual(
      expect.objectContaining({ kind: 'open', path: file, access: 'read' }),
    );
  });

  it('process_vm_writev, as a privilege', async () => {
    expect(await act('poke')).toContainEqual(
      expect.objectContaining({ kind: 'privilege', privilege: 'ptrace', detail: 'process_vm_writev' }),
    );
  });
});
