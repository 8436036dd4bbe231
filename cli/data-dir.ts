import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Io } from './io.ts';

/** Adds `--data-dir` to a verb that works with what a local agent and collector keep. */
export function dataDirOption(command: Command): Command {
  return command.option('--data-dir <dir>', 'where agent and collector keep their state (or WHORL_DATA_DIR)');
}

/** The flag, else `WHORL_DATA_DIR`, else `/var/lib/whorl` for root and a directory in the home of anyone else. */
export function dataDir(io: Io, flag: string | undefined): string {
  const named = flag ?? io.env.WHORL_DATA_DIR;
  if (named !== undefined && named !== '') return resolve(named);
  if (process.getuid?.() === 0) return '/var/lib/whorl';
  return join(io.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'whorl');
}

/** What the agent keeps below the data directory, and where it listens for the user who runs it. */
export function agentDir(dataDir: string): string {
  return join(dataDir, 'agent');
}

export function agentSocket(dataDir: string): string {
  return join(agentDir(dataDir), 'agent.sock');
}

function collectorDir(dataDir: string): string {
  return join(dataDir, 'collector');
}

export function collectorSocket(dataDir: string): string {
  return join(collectorDir(dataDir), 'collector.sock');
}
