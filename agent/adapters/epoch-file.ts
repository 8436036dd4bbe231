import { readFileSync } from 'node:fs';
import { parseJson } from '../../fingerprint/strict-json.ts';
import type { EpochStore, KnownEpoch } from '../ports.ts';
import { replaceFile } from './disk/replace-file.ts';

/**
 * Beside the spool, whose numbers it is about. A file that cannot be read counts as none: all that hangs on it is that a
 * collector which lacks something is told of once more.
 */
export function epochFile(path: string): EpochStore {
  let known = read(path);
  return {
    get known() {
      return known;
    },
    save: async (next) => {
      known = next;
      await replaceFile(path, JSON.stringify(next));
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
