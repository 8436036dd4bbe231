import { constants } from 'node:fs';
import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type FingerprintSource, type KeptEnvelope, learnedName } from '../ports/kept.ts';
import { replaceFile } from './disk/replace-file.ts';

/** The directory of fingerprints cannot be used; the message says which, why, and what to do. */
class FingerprintDirError extends Error {
  readonly code: 'unreadable' | 'unwritable' | 'name';
  constructor(code: FingerprintDirError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'FingerprintDirError';
    this.code = code;
  }
}

/** A node runs some 110 pods; with every container's last few versions that is below a thousand. */
const maxFiles = 4096;
/** One byte more than any envelope that would be accepted, so that a longer one is refused as such and not cut to fit. */
const maxBytes = 16 * 1024 * 1024 + 1;
const suffix = '.intoto.json';

/**
 * Signed envelopes as files of one directory: `<name>.intoto.json`. What a person puts there counts like what the
 * collector sent; both are verified by the caller. Anything else in the directory is passed over.
 */
export function fingerprintsDir(dir: string): FingerprintSource {
  const unwritable = (error: unknown): never => {
    throw new FingerprintDirError(
      'unwritable',
      `${dir} cannot be written (${codeOf(error)}): give the agent's user write access and disk space`,
      { cause: error },
    );
  };
  return {
    envelopes: () => envelopesIn(dir),
    keep: async (name, bytes) => {
      assertName(name);
      await replace(dir, name + suffix, bytes).catch(unwritable);
    },
    copy: async (name, as) => {
      assertName(name);
      assertName(as);
      const bytes = await readRegular(join(dir, name + suffix));
      if (bytes !== undefined) await replace(dir, as + suffix, bytes).catch(unwritable);
    },
    has: async (name) => {
      const isThere = await stat(join(dir, name + suffix)).catch(
        (error: unknown) => codeOf(error) !== 'ENOENT',
      );
      return isThere !== false;
    },
    forget: async (name) => {
      assertName(name);
      await unlink(join(dir, name + suffix)).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      });
    },
  };
}

async function* envelopesIn(dir: string): AsyncGenerator<KeptEnvelope> {
  const names = (await list(dir)).filter((name) => name.endsWith(suffix)).sort(signedFirst);
  for (const name of names.slice(0, maxFiles)) {
    const bytes = await readRegular(join(dir, name));
    if (bytes !== undefined) yield { name: name.slice(0, -suffix.length), bytes };
  }
}

/** The name comes from a stream or digest of the envelope: it must not lead out of the directory. */
function assertName(name: string): void {
  if (/^[0-9A-Za-z][0-9A-Za-z._-]{0,199}$/.test(name)) return;
  throw new FingerprintDirError('name', 'a fingerprint is kept under letters, digits, dots and dashes only');
}

/** However much a collector has learned, it must not crowd out what a person signed. */
function signedFirst(a: string, b: string): number {
  const [learnedA, learnedB] = [a.startsWith(learnedName), b.startsWith(learnedName)];
  if (learnedA !== learnedB) return learnedA ? 1 : -1;
  return a < b ? -1 : 1;
}

async function list(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw new FingerprintDirError(
      'unreadable',
      `${dir} cannot be read (${codeOf(error)}): it must be a directory of the agent's user`,
      { cause: error },
    );
  }
}

/** @returns undefined when the file is no regular one, or vanished. */
async function readRegular(path: string): Promise<Uint8Array | undefined> {
  // Not blocking, because a FIFO of that name would stop the agent.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return undefined;
    const buffer = Buffer.alloc(Math.min(stat.size, maxBytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function replace(dir: string, name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await replaceFile(join(dir, name), bytes, join(dir, `.${name}.new`));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
