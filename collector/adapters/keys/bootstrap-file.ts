import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BootstrapFile } from '../../ports/access.ts';
import { writeKept } from './kept-file.ts';

/** 0600 in the collector's own directory (0700): who can read it could read the database as well. */
export function bootstrapFile(dir: string): BootstrapFile {
  const path = join(dir, 'bootstrap-token');
  return {
    path,
    exists: () => existsSync(path),
    write: (token) => writeKept(path, `${token}\n`, 0o600),
    remove: () => rmSync(path, { force: true }),
  };
}
