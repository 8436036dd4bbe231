import type { ProcessRef } from '../../fingerprint/event.ts';
import type { Surroundings, SurroundingsReader } from '../ports.ts';
import { openInRoot } from './host/file-in-root.ts';
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
  const [conf, hostname, addresses] = await Promise.all([
    readText(root, '/etc/resolv.conf'),
    readText(root, '/etc/hostname'),
    addressesOf(first.pid),
  ]);
  // The pid may be somebody else's by now, and then so is all of this.
  if (readAlive(first) === undefined) return undefined;
  const resolver = conf === undefined ? { search: [] } : parseResolvConf(conf);
  const name = hostname?.trim() ?? '';
  return { ...resolver, addresses, ...(isHostName(name) ? { hostname: name } : {}) };
}

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
