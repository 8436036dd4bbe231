import { createHash, type Hash, randomBytes } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import Sqlite from 'better-sqlite3';
import { extract } from 'tar-stream';
import { BackupError, type BackupManifest } from '../../ports/backups.ts';
import { sync, unwritable } from './disk.ts';
import { databaseName, manifestName, none, parseManifest } from './manifest.ts';

const maxManifestBytes = 64 * 1024;
/** The largest key file there is is a chain of certificates. */
const maxKeyBytes = 1 << 20;

export interface RestoreRequest {
  readonly file: string;
  /** The collector's directory; made when it is missing. */
  readonly dir: string;
  readonly withKeys: boolean;
  readonly reason: string;
  readonly author: string;
  /** Look whether it can be done, and change nothing. */
  readonly dryRun: boolean;
  /** ms since the Unix epoch. */
  readonly now: number;
  /** The newest schema that this release reads. */
  readonly maxSchema: number;
}

export interface Restored {
  readonly manifest: BackupManifest;
  /** Where what was there lies now; absent when nothing was. */
  readonly before?: string;
  /** Of what is there now; absent in a dry run. */
  readonly epoch?: string;
  /** Of a dry run alone: a collector runs there, which has to be ended first. */
  readonly isRunning?: true;
}

/**
 * Puts a backup in the place of the database, under a new epoch: agents see by it that what they were acknowledged since
 * the backup is not there. What was there is moved aside and stays.
 *
 * @throws BackupError
 */
export async function restoreBackup(request: RestoreRequest): Promise<Restored> {
  const { dir, file, dryRun } = request;
  const target = join(dir, databaseName);
  const unpacked = join(dir, `restoring-${randomBytes(6).toString('hex')}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = dryRun ? undefined : takeLock(target);
  try {
    const { manifest, keys } = await unpack(request, unpacked);
    check(unpacked, manifest, request);
    if (dryRun) return { manifest, ...(isInUse(target) ? { isRunning: true } : {}) };
    const epoch = newEpoch(unpacked, manifest, request);
    const aside = `${target}.before-restore-${new Date(request.now).toISOString().replaceAll(/[-:.]/g, '')}`;
    const isMoved = existsSync(target);
    for (const suffix of ['-wal', '-shm', ''])
      if (existsSync(target + suffix)) renameSync(target + suffix, aside + suffix);
    // Not a rename: a collector that was started this very moment has made a file of its own there.
    linkSync(unpacked, target);
    if (request.withKeys) putKeys(keys, request);
    sync(dir);
    return { manifest, epoch, ...(isMoved ? { before: aside } : {}) };
  } catch (error) {
    throw error instanceof BackupError ? error : unwritable(join(dirname(file), file), error);
  } finally {
    lock?.close();
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(unpacked + suffix, { force: true });
  }
}

/**
 * Nobody may have the database open, nor open it meanwhile. One that is damaged cannot be locked, nor be in use: it is why
 * people restore. Without a log file of its own, so that closing it later deletes nothing of what is there then.
 */
function takeLock(target: string): Sqlite.Database | undefined {
  if (!existsSync(target)) return undefined;
  const db = new Sqlite(target, { timeout: 0 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = DELETE');
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return undefined;
    if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
      throw new BackupError('running', `a collector runs on ${dirname(target)}; end it, then restore`, {
        cause: error,
      });
    }
    throw unwritable(target, error);
  }
}

function isInUse(target: string): boolean {
  try {
    takeLock(target)?.close();
    return false;
  } catch (error) {
    if (error instanceof BackupError && error.code === 'running') return true;
    throw error;
  }
}

interface Unpacked {
  readonly manifest: BackupManifest;
  readonly keys: ReadonlyMap<string, Buffer>;
}

/** The database into `target`, the rest into memory; each as the manifest says, or nothing. */
async function unpack({ file }: RestoreRequest, target: string): Promise<Unpacked> {
  const tar = extract();
  // Its failure ends the entries below with the same error; nobody else waits for it.
  const reading = pipeline(createReadStream(file), tar);
  reading.catch(() => undefined);
  const hashes = new Map<string, string>();
  const keys = new Map<string, Buffer>();
  let manifest: BackupManifest | undefined;
  try {
    for await (const entry of tar) {
      const { name, size = 0 } = entry.header;
      if (manifest === undefined) {
        if (name !== manifestName || size > maxManifestBytes) throw none(file);
        manifest = parseManifest(await bytesOf(entry), file);
      } else await take(entry, { name, size, target, file, manifest, hashes, keys });
    }
    await reading;
    if (manifest === undefined) throw none(file);
    const isWhole = manifest.files.every(({ name, sha256 }) => hashes.get(name) === sha256);
    if (!isWhole || !hashes.has(databaseName)) throw damaged(file);
    return { manifest, keys };
  } catch (error) {
    tar.destroy();
    throw explainUnpack(file, error, manifest !== undefined);
  }
}

interface Taking {
  readonly name: string;
  readonly size: number;
  readonly target: string;
  readonly file: string;
  readonly manifest: BackupManifest;
  readonly hashes: Map<string, string>;
  readonly keys: Map<string, Buffer>;
}

async function take(entry: AsyncIterable<unknown>, about: Taking): Promise<void> {
  const { name, size, target, file, manifest, hashes, keys } = about;
  const hash = createHash('sha256');
  if (!manifest.files.some((f) => f.name === name) || hashes.has(name)) throw damaged(file);
  if (name === databaseName) {
    await pipeline(entry, hashing(hash), createWriteStream(target, { mode: 0o600, flags: 'wx' }));
  } else {
    if (size > maxKeyBytes) throw damaged(file);
    const bytes = await bytesOf(entry);
    hash.update(bytes);
    keys.set(name, bytes);
  }
  hashes.set(name, hash.digest('hex'));
}

/** @param isBackup whether it began as one */
function explainUnpack(file: string, error: unknown, isBackup: boolean): BackupError {
  if (error instanceof BackupError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT')
    return new BackupError('not-a-backup', `${file}: there is no such file`, { cause: error });
  if (['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS'].includes(code)) return unwritable(file, error);
  return isBackup ? damaged(file, error) : none(file, error);
}

function hashing(hash: Hash) {
  return async function* (parts: AsyncIterable<unknown>) {
    for await (const part of parts) {
      const bytes = bytesFrom(part);
      hash.update(bytes);
      yield bytes;
    }
  };
}

async function bytesOf(entry: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of entry) parts.push(bytesFrom(part));
  return Buffer.concat(parts);
}

function bytesFrom(part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part;
  throw new TypeError('an archive gave something that is no bytes');
}

function check(unpacked: string, manifest: BackupManifest, { file, maxSchema }: RestoreRequest): void {
  if (manifest.schema > maxSchema) {
    throw new BackupError(
      'newer',
      `${file} was made by a newer release of whorl (${manifest.release}: schema ${manifest.schema}, this one reads up to ${maxSchema}); restore it with that release`,
    );
  }
  const db = new Sqlite(unpacked, { readonly: true });
  try {
    const answer = db.pragma('integrity_check(1)', { simple: true });
    const version = db.pragma('user_version', { simple: true });
    if (answer !== 'ok' || version !== manifest.schema) throw damaged(file);
  } catch (error) {
    throw error instanceof BackupError ? error : damaged(file, error);
  } finally {
    db.close();
  }
}

/** In the copy, before it is anybody's database: there is no moment in which it has its old epoch. */
function newEpoch(unpacked: string, { time, epoch: of }: BackupManifest, request: RestoreRequest): string {
  const epoch = randomBytes(16).toString('hex');
  const { reason, author, now } = request;
  const note = { time: new Date(now).toISOString(), backupOf: time, before: of, reason, author };
  const db = new Sqlite(unpacked);
  try {
    db.pragma('journal_mode = DELETE');
    const save = db.prepare(
      'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
    db.transaction(() => {
      save.run('epoch', epoch);
      for (const forget of forgotten(db)) db.prepare(forget).run({ now });
      // For the audit log: the collector that starts next puts it there.
      save.run('restored', JSON.stringify(note));
    })();
  } finally {
    db.close();
  }
  sync(unpacked);
  return epoch;
}

/** What a database of an earlier moment must not believe of itself. One of an older schema has not got these tables yet. */
function forgotten(db: Sqlite.Database): readonly string[] {
  const has = db.prepare<[string], number>("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  const rows: readonly (readonly [table: string, sql: string])[] = [
    // One that was redeemed after the backup would let somebody in a second time.
    [
      'join_tokens',
      'UPDATE join_tokens SET expires_at_ms = min(expires_at_ms, @now) WHERE used_at_ms IS NULL',
    ],
    // What was stopped after the backup is in no budget: as after any change of a node, it is alerted at most for a while.
    ['node_states', 'UPDATE node_states SET changed_ms = @now'],
  ];
  return rows.filter(([table]) => has.get(table) !== undefined).map(([, sql]) => sql);
}

/** Those that are there are moved aside, too. */
function putKeys(keys: ReadonlyMap<string, Buffer>, { dir, now }: RestoreRequest): void {
  for (const [name, bytes] of keys) {
    const path = join(dir, name.slice('keys/'.length));
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (existsSync(path)) renameSync(path, `${path}.before-restore-${now}`);
    writeFileSync(path, bytes, {
      mode: /\.pub$|ca\.pem$/.test(name) ? 0o644 : 0o600,
      flag: 'wx',
      flush: true,
    });
  }
}

function damaged(file: string, cause?: unknown): BackupError {
  return new BackupError(
    'damaged',
    `${file} is damaged: it does not hold what its manifest says; take another backup, nothing was changed`,
    { cause },
  );
}
