import { copyFile, mkdtemp, realpath, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';

/** `TMPFS_MAGIC` of linux/magic.h. */
const tmpfs = 0x01021994;
const scratch = ['/tmp/', '/var/tmp/', '/dev/shm/', '/run/'];

/**
 * The node that runs the sample service. Whorl never learns programs that lie in a scratch directory, and rightly so;
 * when it was itself unpacked in one, as for a try-out, the service gets a copy in a place where programs belong.
 */
export async function serviceRuntime(cleanup: Cleanup): Promise<string> {
  const own = await realpath(process.execPath);
  const isScratch = scratch.some((d) => own.startsWith(d)) || (await statfs(own)).type === tmpfs;
  if (!isScratch) return own;
  const directory = await mkdtemp('/var/lib/whorl-demo-');
  cleanup.add('copy of node', () => rm(directory, { recursive: true, force: true }));
  const copy = join(directory, 'node');
  await copyFile(own, copy);
  return copy;
}
