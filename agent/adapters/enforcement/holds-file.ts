import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../../../fingerprint/strict-json.ts';
import type { Hold } from '../../ports/enforcer.ts';
import { replaceFile } from '../disk/replace-file.ts';

/** What must be known to undo a hold or freeze after the agent that made it is gone. */
export interface HoldRecord extends Hold {
  /** The cgroup that marks it: for a hold the frozen child, for a freeze an empty child of the frozen cgroup. */
  readonly marker: string;
  /** Where each process came from, when not from the instance's cgroup itself. */
  readonly from: Readonly<Record<string, string>>;
}

const fileName = 'holds.json';
/** A node holds a handful of incidents at a time; more than this is not our file. */
const maxBytes = 4 << 20;

/**
 * Reads what an earlier agent left. Anything unreadable counts as nothing, because the markers in the cgroup file
 * system tell the same story without the deadline; `problem` then says what was wrong.
 */
export async function loadHolds(dataDir: string): Promise<{ holds: HoldRecord[]; problem?: string }> {
  const path = join(dataDir, fileName);
  try {
    const value = parseJson(await readFile(path), { bytes: maxBytes });
    return Array.isArray(value) && value.every(isRecord)
      ? { holds: value }
      : { holds: [], problem: `${fileName} does not hold a list of holds; it is rebuilt from the cgroups` };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { holds: [] };
    return {
      holds: [],
      problem: `${fileName} cannot be read (${codeOf(error)}); it is rebuilt from the cgroups`,
    };
  }
}

/** When it resolves, the list survives a power cut. */
export async function saveHolds(dataDir: string, holds: readonly HoldRecord[]): Promise<void> {
  await replaceFile(join(dataDir, fileName), JSON.stringify(holds, null, 1));
}

function isRecord(value: unknown): value is HoldRecord {
  if (typeof value !== 'object' || value === null) return false;
  const v: Partial<Record<keyof HoldRecord, unknown>> = value;
  return (
    [v.incident, v.cgroupPath, v.marker].every((s) => typeof s === 'string') &&
    (v.action === 'hold' || v.action === 'freeze') &&
    [v.since, v.deadline].every((n) => typeof n === 'number') &&
    Array.isArray(v.pids) &&
    v.pids.every((pid) => typeof pid === 'number') &&
    typeof v.from === 'object' &&
    v.from !== null &&
    Object.values(v.from).every((path) => typeof path === 'string')
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
