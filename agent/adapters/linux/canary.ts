import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Canary, type CanaryAct, canaryActs } from '../../../fingerprint/canary.ts';
import type { CanaryHand } from '../../ports.ts';

/** A shell that does one thing needs milliseconds; on a machine that swaps, seconds. */
const patienceMs = 5_000;
const prefix = 'whorl-canary-';
const consonants = 'bdfgklmnprstvz';
const vowels = 'aeiou';
const words = 5;

export interface CanaryPlace {
  /** Mount point of the v2 hierarchy. */
  readonly mount: string;
  /** For files that are made and removed at once. */
  readonly folder: string;
  /** Tells the cgroups of several agents on one machine apart: letters and digits. */
  readonly name: string;
}

/**
 * Prepares what canaries need: a cgroup of their own, a folder, a shell.
 *
 * @throws the system's error when the cgroup cannot be made
 */
export function openCanary({ mount, folder, name }: CanaryPlace): CanaryHand & { close(): void } {
  removeLeft(mount);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const cgroupPath = `/${prefix}${name}`;
  const dir = mount + cgroupPath;
  makeCgroup(dir);
  const bash = existsSync('/bin/bash') ? '/bin/bash' : undefined;
  const acts = canaryActs.filter((act) => act !== 'connect' || bash !== undefined);
  return {
    cgroupPath,
    shells: ['/bin/sh', ...(bash === undefined ? [] : [bash])].map((called) => ({
      called,
      exe: realpathSync(called),
    })),
    draw: () => ({ nonce: drawNonce(), act: acts[randomInt(acts.length)] ?? 'exec' }),
    perform: async (canary) => {
      makeCgroup(dir);
      const file = join(folder, canary.nonce);
      const shell = canary.act === 'connect' && bash !== undefined ? bash : '/bin/sh';
      try {
        await runInside(dir, shell, await scriptOf(canary, file));
      } finally {
        rmSync(file, { force: true });
      }
    },
    close: () => {
      removeCgroup(dir);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Words of syllables, so that no placeholder of the generaliser takes its place; some 63 bits. */
function drawNonce(): string {
  const letter = (of: string): string => of[randomInt(of.length)] ?? 'a';
  const syllable = (): string => letter(consonants) + letter(vowels);
  return Array.from({ length: words }, () => syllable() + syllable()).join('-');
}

/** Builtins alone: what else the shell started would be an act of its own. */
const scripts: Readonly<Record<CanaryAct, (canary: Canary, file: string) => Promise<string> | string>> = {
  exec: ({ nonce }) => `exec /bin/sh -c : ${nonce}\n`,
  open: (_, file) => `: >${quoted(file)}\n`,
  connect: async (_, file) => `: >${quoted(file)}\n: 3<>/dev/tcp/127.0.0.1/${await unusedPort()}\n`,
};

function scriptOf(canary: Canary, file: string): Promise<string> | string {
  return scripts[canary.act](canary, file);
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 1;
}

/** The shell goes in and begins anew there: what is seen of it begins with that. A session of its own has no terminal. */
async function runInside(dir: string, shell: string, script: string): Promise<void> {
  const enter = 'echo $$ >"$0" && exec "$1"';
  const child = spawn('/bin/sh', ['-c', enter, join(dir, 'cgroup.procs'), shell], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Without these a shell asks the user database, and whoever serves it.
    env: { HOME: '/', SHELL: '/bin/sh', PATH: '/usr/bin:/bin' },
    cwd: '/',
    detached: true,
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  });
  // It may end before it has read: what it did shows whether it did it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(script);
  await once(child, 'close');
  if (child.exitCode === notEntered) throw new Error(`${dir} cannot be entered`);
}

/** What every shell answers when it cannot open what it is to write to. */
const notEntered = 2;

function makeCgroup(dir: string): void {
  if (!existsSync(dir)) mkdirSync(dir);
}

/** Of agents that were killed. One that still has somebody in it stays. */
function removeLeft(mount: string): void {
  for (const name of readdirSync(mount)) if (name.startsWith(prefix)) removeCgroup(join(mount, name));
}

function removeCgroup(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // In use, or gone already: nothing depends on it.
  }
}
