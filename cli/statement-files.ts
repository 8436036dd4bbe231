import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claims } from '../fingerprint/claims.ts';
import type { Found } from '../registry/discover.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { fileName } from './read-file.ts';

type Statement = Pick<Found, 'bytes' | 'claims'>;

/**
 * One file for each statement that can be read, named by what it claims. The same statement has the same name; and so much of its
 * digest is in it that nobody makes another one of that name, to be written over it.
 */
export async function writeStatements(
  io: Io,
  directory: string,
  found: readonly Statement[],
  options: { readonly json?: boolean; readonly dryRun?: boolean },
): Promise<void> {
  if (options.dryRun !== true) await mkdir(directory, { recursive: true });
  let unreadable = 0;
  for (const { bytes, claims } of found) {
    if ('problem' in claims) {
      unreadable++;
      continue;
    }
    const path = join(directory, nameFor(claims));
    if (options.dryRun === true) io.err(`would write ${fileName(path)}`);
    else await io.writeFile(path, bytes, { overwrite: true });
    const { kind, digest } = claims;
    io.out(
      options.json === true ? JSON.stringify({ out: path, kind, digest }) : `${fileName(path)} ${digest}`,
    );
  }
  const left =
    unreadable === 0 ? '' : `; ${unreadable} cannot be read and ${unreadable === 1 ? 'was' : 'were'} left`;
  io.err(`${counted(found.length - unreadable, 'statement')}, none of it verified${left}`);
}

/** What somebody claims becomes part of a name: nothing but plain letters, and no directory. */
function nameFor({ kind, digest, options }: Claims): string {
  const words = { base: 'fingerprint', overlay: 'overlay', approval: 'approval' };
  const stream = options.stream
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 80);
  return `${words[kind]}-${stream}-v${options.version}-${digest.slice(7, 39)}.intoto.json`;
}
