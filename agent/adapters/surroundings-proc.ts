import { stat } from 'node:fs/promises';
import type { ProcessRef } from '../../fingerprint/event.ts';
import type { SurroundingsReader } from '../ports/state-view.ts';
import type { Surroundings } from '../ports.ts';
import { listInRoot, openInRoot } from './host/file-in-root.ts';
import { type CrontabLine, parseCrontab } from './linux/crontab.ts';
import { addressesOf } from './linux/net-namespace.ts';
import { readAlive, readStat, startOf } from './linux/process-proc.ts';
import { parseResolvConf } from './linux/resolv-conf.ts';

/** A resolver configuration with a page of comments; what is longer is none. */
const maxBytes = 64 * 1024;

/**
 * What a copy's own root and network namespace say of it, from its first process: /etc/resolv.conf and /etc/hostname as
 * it sees them, and the addresses of its namespace.
 */
export function procSurroundings(): SurroundingsReader {
  return {
    of,
    // Pid 1 as the agent sees it: the host's, since an agent that sees no host processes has none of them to name.
    host: async () => {
      const init = readStat(1);
      return init === undefined ? undefined : await of({ pid: 1, start: startOf(init) });
    },
  };
}

async function of(first: ProcessRef): Promise<Surroundings | undefined> {
  if (readAlive(first) === undefined) return undefined;
  const root = `/proc/${first.pid}/root`;
  const [conf, hostname, addresses, schedules] = await Promise.all([
    readText(root, '/etc/resolv.conf'),
    readText(root, '/etc/hostname'),
    addressesOf(first.pid),
    schedulesOf(root),
  ]);
  // The pid may be somebody else's by now, and then so is all of this.
  if (readAlive(first) === undefined) return undefined;
  const resolver = conf === undefined ? { search: [] } : parseResolvConf(conf);
  const name = hostname?.trim() ?? '';
  return { ...resolver, addresses, schedules, ...(isHostName(name) ? { hostname: name } : {}) };
}

/** Crontabs of one directory, and lines of all of them: far more than a container has. */
const maxCrontabs = 32;
const maxLines = 64;

/** What its crontabs say. The host's are those of one service among many, and no other's business. */
async function schedulesOf(root: string): Promise<CrontabLine[]> {
  const [own, host] = await Promise.all(
    [root, '/proc/1/root'].map((path) => stat(`${path}/`).catch(() => undefined)),
  );
  if (own === undefined || (own.dev === host?.dev && own.ino === host.ino)) return [];
  const files: { path: string; hasUser: boolean }[] = [{ path: '/etc/crontab', hasUser: true }];
  for (const [directory, hasUser] of crontabDirectories)
    for (const name of await listInRoot(root, directory, maxCrontabs))
      files.push({ path: `${directory}/${name}`, hasUser });
  const lines: CrontabLine[] = [];
  for (const { path, hasUser } of files) {
    if (lines.length >= maxLines) break;
    lines.push(...parseCrontab((await readText(root, path)) ?? '', hasUser));
  }
  return lines.slice(0, maxLines);
}

/** Debian's, then Alpine's and Red Hat's. */
const crontabDirectories = [
  ['/etc/cron.d', true],
  ['/var/spool/cron/crontabs', false],
  ['/etc/crontabs', false],
  ['/var/spool/cron', false],
] as const;

/**
 * Written by the runtime, but the container may change it: a name that is an address, or no name at all, would be
 * substituted where something else is meant.
 */
function isHostName(name: string): boolean {
  return /^(?=.{1,64}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name) && !/(^|\.)\d+$/.test(name);
}

async function readText(root: string, path: string): Promise<string | undefined> {
  const file = await openInRoot(root, path);
  if (file === undefined) return undefined;
  try {
    const buffer = Buffer.alloc(maxBytes);
    const { bytesRead } = await file.read(buffer, 0, maxBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
