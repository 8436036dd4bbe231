import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Makes a cgroup directory and its parents. */
export async function makeCgroup(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
}

/** Pids of a cgroup and everything below it. */
export async function pidsOf(path: string): Promise<number[]> {
  const own = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
  const below = await childrenOf(path);
  const nested = await Promise.all(below.map((child) => pidsOf(join(path, child))));
  return [
    ...own
      .split('\n')
      .filter((line) => line !== '')
      .map(Number),
    ...nested.flat(),
  ];
}

async function childrenOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Ends everything in a cgroup of our own and removes it. A held child is frozen: SIGKILL reaches it all the same. */
export async function removeCgroup(path: string): Promise<void> {
  for (let attempt = 0; existsSync(path); attempt += 1) {
    await endProcesses(path);
    if (await removed(path)) return;
    if (attempt > 100) throw new Error(`${path} still has processes`);
    await sleep(20);
  }
}

async function endProcesses(path: string): Promise<void> {
  if (existsSync(join(path, 'cgroup.kill')))
    return writeFile(join(path, 'cgroup.kill'), '1').catch(() => undefined);
  for (const pid of await pidsOf(path)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone between reading and killing: what was wanted.
    }
  }
}

/** Depth first: a cgroup with children cannot be removed. */
async function removed(path: string): Promise<boolean> {
  for (const child of await childrenOf(path)) await removed(join(path, child));
  return rmdir(path).then(
    () => true,
    () => false,
  );
}
