import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Names the spool in `dir` to the collector. Made anew with it: numbers start over in a new spool, and under the old
 * name the collector would take them for ones it has.
 */
export function spoolId(dir: string): string {
  const file = `${dir}.id`;
  const known = existsSync(dir) ? readId(file) : undefined;
  if (known !== undefined) return known;
  const id = randomBytes(16).toString('hex');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, id, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return id;
}

function readId(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^[0-9a-f]{32}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
