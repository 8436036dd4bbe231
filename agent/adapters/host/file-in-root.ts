import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir, readlink } from 'node:fs/promises';

/** As many as the kernel follows (MAXSYMLINKS). */
const maxLinks = 40;

/**
 * Opens a regular file as a process sees it, below `/proc/<pid>/root`. Links are followed by hand, because the kernel
 * would resolve an absolute one against *our* root: a container could have us read the host's files for its own.
 * Neither a FIFO nor a device blocks the open.
 *
 * @param path - absolute within the root. @returns undefined when it is no regular file there.
 */
export async function openInRoot(root: string, path: string): Promise<FileHandle | undefined> {
  const resolved = await resolveInRoot(root, path);
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const handle = await open(root + resolved, flags).catch(() => undefined);
  if (handle === undefined || (await handle.stat()).isFile()) return handle;
  await handle.close();
  return undefined;
}

/** Names in a directory as a process sees it, at most `max`; none when it is no directory there. */
export async function listInRoot(root: string, path: string, max: number): Promise<string[]> {
  const directory = await opendir(root + (await resolveInRoot(root, path))).catch(() => undefined);
  if (directory === undefined) return [];
  const names: string[] = [];
  // Read one by one: a directory of a million names must not be held in memory to take a few of them.
  for await (const entry of directory) {
    names.push(entry.name);
    if (names.length >= max) break;
  }
  return names.sort();
}

async function resolveInRoot(root: string, path: string): Promise<string> {
  const todo = path.split('/');
  const done: string[] = [];
  let links = 0;
  while (todo.length > 0) {
    const segment = todo.shift();
    if (segment === undefined || segment === '' || segment === '.') continue;
    if (segment === '..') {
      done.pop();
      continue;
    }
    const target = await linkTarget(`${root}/${[...done, segment].join('/')}`);
    if (target === undefined) done.push(segment);
    else {
      links += 1;
      if (links > maxLinks) return path;
      if (target.startsWith('/')) done.length = 0;
      todo.unshift(...target.split('/'));
    }
  }
  return `/${done.join('/')}`;
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch {
    return undefined;
  }
}
