import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** How a command ended and what it wrote to stdout. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** A page that is longer is for no person. */
const maxStdoutBytes = 64 << 20;

/** The command line of this very copy, in a process of its own; stderr goes to the log of the job. */
export function whorl(args: readonly string[], env: Env): Promise<Ran> {
  return run(whorlPath, args, env);
}

const whorlPath = join(import.meta.dirname, '..', '..', 'bin', 'whorl');

/**
 * The same as root, which the sensor needs. With sudo, the environment is kept, for the command that is recorded starts
 * with it: so the token is never in it.
 */
export function whorlAsRoot(args: readonly string[], env: Env): Promise<Ran> {
  if (process.getuid?.() === 0) return whorl(args, env);
  // sudo has a PATH of its own; runners keep their tools elsewhere.
  return run('sudo', ['-n', '-E', 'env', `PATH=${env.PATH ?? ''}`, whorlPath, ...args], env);
}

/** What root wrote becomes ours, or the runner cannot tidy up behind itself. */
export async function takeBack(directory: string, env: Env): Promise<void> {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) await run('sudo', ['-n', 'chown', '-R', String(uid), directory], env);
}

function run(file: string, args: readonly string[], env: Env): Promise<Ran> {
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const parts: Buffer[] = [];
  let length = 0;
  child.stdout.on('data', (part: Buffer) => {
    length += part.length;
    if (length <= maxStdoutBytes) parts.push(part);
    else child.kill();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code: code ?? 70, stdout: Buffer.concat(parts).toString('utf8') }),
    );
  });
}
