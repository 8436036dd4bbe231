import { randomBytes } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import Sqlite from 'better-sqlite3';
import { type Pack, pack } from 'tar-stream';
import { sha256Hex } from '../../../fingerprint/digest.ts';
import { type BackupAnswer, BackupError, type BackupManifest } from '../../ports/backups.ts';
import { hashOf, sync, unwritable } from './disk.ts';
import { databaseName, manifestName } from './manifest.ts';

export interface BackupRequest {
  readonly out: string;
  /** The collector's directory: whose keys go along. */
  readonly dir: string;
  /** Private keys, the token and certificates too: whoever has the file is then the collector. */
  readonly withKeys: boolean;
  /** Writes the database into this file. */
  readonly copyTo: (file: string) => Promise<void>;
  /** ms since the Unix epoch. */
  readonly now: number;
  readonly release: string;
}

interface KeyFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * One file, 0600: a tar of the manifest, the database and perhaps the keys. In place in one step and synced, or not at all.
 * @throws BackupError
 */
export async function writeBackup(request: BackupRequest): Promise<BackupAnswer> {
  const { out } = request;
  if (existsSync(out)) {
    throw new BackupError('exists', `${out} is there already; name another file, a backup replaces none`);
  }
  const part = `${out}.${randomBytes(6).toString('hex')}`;
  const database = `${part}.db`;
  try {
    // Ours alone before anything is in it: SQLite would give it the mode of any file.
    closeSync(openSync(database, 'wx', 0o600));
    await request.copyTo(database);
    const keys = request.withKeys ? keysOf(request.dir) : [];
    const manifest = await describe(database, keys, request);
    await writeTar(part, manifest, database, keys);
    sync(part);
    renameSync(part, out);
    sync(dirname(out));
    return { file: out, bytes: statSync(out).size, manifest };
  } catch (error) {
    throw unwritable(out, error);
  } finally {
    const made = ['', '-journal', '-wal', '-shm'].map((suffix) => database + suffix);
    for (const file of [part, ...made]) rmSync(file, { force: true });
  }
}

async function describe(
  database: string,
  keys: readonly KeyFile[],
  { now, release }: BackupRequest,
): Promise<BackupManifest> {
  const db = new Sqlite(database, { readonly: true });
  try {
    const setting = db.prepare<[string], string>('SELECT value FROM settings WHERE name = ?').pluck();
    return {
      format: 'whorl-backup',
      version: 1,
      schema: Number(db.pragma('user_version', { simple: true })),
      collector: setting.get('collector-id') ?? '',
      epoch: setting.get('epoch') ?? '',
      time: new Date(now).toISOString(),
      release,
      files: [
        { name: databaseName, bytes: statSync(database).size, sha256: await hashOf(database) },
        ...keys.map(({ name, bytes }) => ({ name, bytes: bytes.length, sha256: sha256Hex(bytes) })),
      ],
    };
  } finally {
    db.close();
  }
}

async function writeTar(
  file: string,
  manifest: BackupManifest,
  database: string,
  keys: readonly KeyFile[],
): Promise<void> {
  const tar = pack();
  const written = pipeline(tar, createWriteStream(file, { mode: 0o600, flags: 'wx' }));
  try {
    tar.entry({ name: manifestName, mode: 0o600 }, `${JSON.stringify(manifest, undefined, 2)}\n`);
    for (const { name, bytes } of keys) tar.entry({ name, mode: 0o600 }, bytes);
    await pipeline(createReadStream(database), entryOf(tar, statSync(database).size));
    tar.finalize();
  } catch (error) {
    tar.destroy();
    await written.catch(() => undefined);
    throw error;
  }
  await written;
}

function entryOf(tar: Pack, size: number): NodeJS.WritableStream {
  return tar.entry({ name: databaseName, mode: 0o600, size });
}

/** Whatever lies there besides the database, what is made of it, and what belongs to a running process. */
function keysOf(dir: string): KeyFile[] {
  const named = (folder: string, prefix: string) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !/^whorl\.db|^collector\.(pid|sock)$/.test(entry.name))
      .map(({ name }) => ({ name: `keys/${prefix}${name}`, bytes: readFileSync(join(folder, name)) }));
  const tls = join(dir, 'tls');
  return [...named(dir, ''), ...(existsSync(tls) ? named(tls, 'tls/') : [])];
}
