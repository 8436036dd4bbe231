import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StartedDaemon {
  readonly name: string;
  readonly daemon: ChildProcess;
  readonly socket: string;
  /** The file of what it says. */
  readonly log: string;
  /** Throws until it answers. */
  readonly ask: () => void;
}

/** Resolves when a daemon answers on its socket. @throws with what it said when it ends, or in half a minute does not */
export async function daemonAnswers({ name, daemon, socket, log, ask }: StartedDaemon): Promise<void> {
  for (let i = 0; i < 600; i += 1) {
    if (existsSync(socket)) {
      try {
        ask();
        return;
      } catch {
        // It listens before it answers.
      }
    }
    if (daemon.exitCode !== null) break;
    await sleep(50);
  }
  throw new Error(`${name} does not start:\n${readFileSync(log, 'utf8').slice(-2000)}`);
}
