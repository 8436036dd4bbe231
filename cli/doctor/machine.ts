import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { missingPackages } from '../../agent/adapters/build-sensor.ts';
import { explainSystemError } from '../system-error.ts';
import { type Finding, missing, ok, poor } from './finding.ts';

/** Where the collector listens for agents (DESIGN §11). */
const grpcPort = 7443;
/** One spool at its cap (DESIGN §11) and as much again for the database. */
const wantedDiskBytes = 1 << 30;

export async function machineFindings(options: {
  readonly dataDir: string;
  readonly running: boolean;
}): Promise<Finding[]> {
  return [
    node(),
    await compiler(),
    await portFree(options.running),
    await writable(options.dataDir),
    await space(options.dataDir),
  ];
}

function node(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= 24
    ? ok('node', `Node ${process.versions.node}`)
    : missing(
        'node',
        `Node ${process.versions.node} is too old`,
        'run npm ci again: it brings Node 24; start whorl through bin/whorl',
      );
}

async function compiler(): Promise<Finding> {
  const packages = await missingPackages();
  return packages.length === 0
    ? ok('compiler', 'all that building the event sensor needs is there')
    : missing(
        'compiler',
        `to build the event sensor ${packages.join(', ')} are missing`,
        `apt-get install ${packages.join(' ')}`,
      );
}

async function portFree(running: boolean): Promise<Finding> {
  if (running) return ok('port', 'a collector of this data directory is running');
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) =>
      resolve(
        poor(
          'port',
          `port ${grpcPort}: ${'code' in error ? String(error.code) : error.message}`,
          'end what listens there, or give the collector another port',
        ),
      ),
    );
    server.listen(grpcPort, '127.0.0.1', () =>
      server.close(() => resolve(ok('port', `port ${grpcPort} is free`))),
    );
  });
}

/** Tried, not asked: a mode says nothing of a read-only mount or a full disk. */
async function writable(dataDir: string): Promise<Finding> {
  const probe = join(dataDir, `.doctor-${process.pid}`);
  try {
    const made = await mkdir(dataDir, { recursive: true });
    await writeFile(probe, 'x');
    await rm(probe);
    if (made !== undefined) await rm(made, { recursive: true });
    return ok('data-dir', `${dataDir} can be written`);
  } catch (error) {
    const told = explainSystemError(error, `${dataDir} cannot be written`);
    return missing(
      'data-dir',
      told?.message ?? `${dataDir} cannot be written`,
      told?.hint ?? 'name another place with --data-dir',
    );
  }
}

async function space(dataDir: string): Promise<Finding> {
  for (let folder = dataDir; ; folder = dirname(folder)) {
    const about = await statfs(folder).catch(() => undefined);
    if (about !== undefined) return judgeSpace(about.bavail * about.bsize);
    if (folder === dirname(folder))
      return poor('disk', 'free disk space is not known', 'check the data directory');
  }
}

function judgeSpace(free: number): Finding {
  const mib = Math.floor(free / (1 << 20));
  return free >= wantedDiskBytes
    ? ok('disk', `${mib} MiB of disk are free`)
    : poor('disk', `only ${mib} MiB of disk are free`, 'free 1 GiB, or lower the spool cap');
}
