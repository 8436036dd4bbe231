import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { connectCollector } from './api-client.ts';
import { dataDir, dataDirOption } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { version } from './version.ts';

/** A database of some gigabytes on a slow disk. */
const backupTimeoutMs = 3_600_000;

interface BackupOptions {
  readonly out: string;
  readonly reason: string;
  readonly withKeys?: boolean;
  readonly dataDir?: string;
  readonly json?: boolean;
}

interface RestoreOptions {
  readonly reason: string;
  readonly withKeys?: boolean;
  readonly dryRun?: boolean;
  readonly dataDir?: string;
  readonly json?: boolean;
}

export function registerBackup(collector: Command, io: Io): void {
  const verb = dataDirOption(
    collector
      .command('backup')
      .description("the collector's database as one file, while it runs or not")
      .requiredOption('--out <file>', 'the file to write; none is replaced')
      .requiredOption('--reason <text>', 'why; while the collector runs it goes on record')
      .option(
        '--with-keys',
        'its keys, token and certificates too: whoever has the file is then the collector',
      )
      .option('--json', 'one JSON object'),
  ).action((_: object, command: Command) => backup(io, command.optsWithGlobals()));
  examples(verb, [
    ['whorl collector backup --out /backup/whorl-monday.tar --reason nightly', 'from cron'],
    [
      'whorl collector backup --out whole.tar --with-keys --reason "new machine"',
      'whoever has this file is the collector: keep it like a private key',
    ],
  ]);
}

export function registerRestore(collector: Command, io: Io): void {
  const verb = dataDirOption(
    collector
      .command('restore')
      .description('put a backup in the place of the database; what is there is moved aside')
      .argument('<file>', 'what collector backup wrote')
      .requiredOption('--reason <text>', 'why; it goes on record')
      .option('--with-keys', 'the keys of the backup too, if it has some')
      .option('--dry-run', 'look whether it can be done, and change nothing')
      .option('--json', 'one JSON object'),
  ).action((file: string, _: object, command: Command) => restoreFrom(io, file, command.optsWithGlobals()));
  examples(verb, [
    ['whorl collector restore /backup/whorl-monday.tar --dry-run --reason test', 'is it whole?'],
    [
      'whorl collector restore /backup/whorl-monday.tar --reason "disk lost"',
      'agents see by a new epoch what is missing, and tell anew what runs',
    ],
  ]);
}

interface Backup {
  readonly file: string;
  readonly bytes: number;
  readonly manifest: { readonly epoch: string; readonly schema: number };
}

/** Of the collector that runs, or of what one left. Always this machine's: the file is written here. */
async function makeBackup(io: Io, dataDir: string, out: string, options: BackupOptions): Promise<Backup> {
  const { reason, withKeys = false } = options;
  const collector = await connectCollector(io, { dataDir });
  if (collector !== undefined) {
    const body = { out, withKeys, reason };
    const call = { method: 'POST', path: '/backups', body, timeoutMs: backupTimeoutMs } as const;
    // The collector is of this very package, and its answer that of the function below.
    return (await collector.call(call)) as Backup;
  }
  const { backupAtRest } = await import('../collector/maintenance.ts');
  return explained(() => backupAtRest(dataDir, { out, withKeys, release: version() }));
}

async function backup(io: Io, options: BackupOptions): Promise<void> {
  if (options.reason.trim() === '') throw new CliError(exitCodes.usage, '--reason must say why');
  const made = await makeBackup(io, dataDir(io, options.dataDir), resolve(options.out), options);
  if (options.json === true) return io.out(JSON.stringify(made));
  const keys = options.withKeys === true ? 'with its keys' : 'without its keys';
  io.out(`${made.file}: ${made.bytes} bytes, ${keys}, schema ${made.manifest.schema}`);
}

async function restoreFrom(io: Io, file: string, options: RestoreOptions): Promise<void> {
  const { reason, dryRun = false, withKeys = false } = options;
  if (reason.trim() === '') throw new CliError(exitCodes.usage, '--reason must say why');
  const { restore } = await import('../collector/maintenance.ts');
  const author = `local:${userInfo().username}`;
  const request = { file: resolve(file), reason, author, dryRun, withKeys };
  const done = await explained(() => restore(dataDir(io, options.dataDir), request));
  if (options.json === true) return io.out(JSON.stringify({ dryRun, ...done }));
  const { time, schema } = done.manifest;
  if (dryRun) {
    io.out(`${file} is whole: of ${time}, schema ${schema}; nothing was changed`);
    if (done.isRunning === true) io.err('a collector runs here now: end it before you restore');
    return;
  }
  if (done.before !== undefined) io.out(`what was there lies in ${done.before}`);
  io.out(`restored the database of ${time}; start the collector, and its agents tell anew what runs`);
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  const { BackupError } = await import('../collector/maintenance.ts');
  const { StoreError } = await import('../collector/ports.ts');
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupError || error instanceof StoreError)
      throw new CliError(exitCodes.usage, error.message, undefined, { cause: error });
    throw error;
  }
}
