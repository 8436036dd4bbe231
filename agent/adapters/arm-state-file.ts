import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { parseTime } from '../../fingerprint/time.ts';
import type { ArmState, LocalDisarm } from '../ports/disarm.ts';

const fileName = 'disarmed.json';
/** A time, a name and a reason; more is not ours. */
const maxBytes = 16 * 1024;
/** Like a disarm at the collector: beyond a day somebody has to say it again. */
const maxUs = 24 * 3_600_000_000;

/**
 * Whether somebody with access to the node disarmed it, for when the collector cannot be reached: `disarmed.json` in the
 * agent's directory holds `{"since": RFC 3339, "until": RFC 3339, "author": "…", "reason": "…"}`, and is read at each order.
 * A file that cannot be read disarms: whoever wrote it wanted nothing to be stopped.
 */
export function armStateFile(dataDir: string): ArmState {
  const path = join(dataDir, fileName);
  return {
    disarmed: async (now) => {
      try {
        return inForce(parseJson(await readFile(path), { bytes: maxBytes }), now);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        return { reason: `${fileName} is there and cannot be read; write it anew or remove it` };
      }
    },
  };
}

function inForce(value: unknown, now: number): LocalDisarm | undefined {
  if (typeof value !== 'object' || value === null) throw new TypeError('no object');
  const { since, until, author, reason }: Partial<Record<string, unknown>> = { ...value };
  const [from, to] = [since, until].map((text) => (typeof text === 'string' ? parseTime(text) : undefined));
  if (from === undefined || to === undefined || typeof author !== 'string' || typeof reason !== 'string')
    throw new TypeError('a member is missing');
  const end = Math.min(to, from + maxUs);
  return now < end ? { reason: `${author}: ${reason}`, until: end } : undefined;
}
