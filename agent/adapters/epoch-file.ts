import { readFileSync } from 'node:fs';
import { parseJson } from '../../fingerprint/strict-json.ts';
import type { EpochStore } from '../ports/uplink.ts';
import type { KnownEpoch } from '../ports.ts';
import { replaceFile } from './disk/replace-file.ts';

/**
 * Beside the spool, whose numbers it is about. A file that cannot be read counts as none: all that hangs on it is that a
 * collector which lacks something is told of once more.
 */
export function epochFile(path: string): EpochStore {
  let known = read(path);
  // One after the other: two that write at once would mix their bytes, or leave the older one.
  let tail: Promise<void> = Promise.resolve();
  return {
    get known() {
      return known;
    },
    save: (next) => {
      known = next;
      const saved = tail.then(() => replaceFile(path, JSON.stringify(next)));
      tail = saved.catch(() => undefined);
      return saved;
    },
  };
}

function read(path: string): KnownEpoch | undefined {
  try {
    const { epoch, base }: { epoch?: unknown; base?: unknown } = Object(parseJson(readFileSync(path)));
    if (typeof epoch !== 'string' || !/^[0-9a-f]{32}$/.test(epoch)) return undefined;
    return Number.isSafeInteger(base) ? { epoch, base: Number(base) } : undefined;
  } catch {
    return undefined;
  }
}
