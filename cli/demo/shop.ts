import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { sampleServiceFile } from '../sample-service.ts';

/** One running copy of the sample service. */
export interface Shop {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Below the cgroup mount. */
  readonly cgroup: string;
  readonly process: ChildProcess;
}

/**
 * Starts a copy inside its own cgroup: a shell moves itself there and then becomes the service, so that nothing of the
 * service ever runs anywhere else and the shell is no part of it.
 */
export async function startShop(options: {
  readonly name: string;
  readonly cgroup: string;
  readonly cgroupDir: string;
  readonly directory: string;
  /** The node that runs it. */
  readonly runtime: string;
}): Promise<Shop> {
  const script = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"';
  const child = spawn(
    '/bin/sh',
    ['-c', script, 'sh', options.cgroupDir, options.runtime, sampleServiceFile, options.directory],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: '/usr/bin:/bin', HOME: options.directory },
      detached: true,
    },
  );
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(() => undefined);
  const first = await Promise.race([once(lines, 'line'), ended]);
  if (first === undefined || child.pid === undefined) throw new Error(`${options.name} did not start`);
  return {
    name: options.name,
    port: Number(first[0]),
    pid: child.pid,
    cgroup: options.cgroup,
    process: child,
  };
}

export async function stopShop(shop: Shop): Promise<void> {
  if (shop.process.exitCode !== null || shop.process.signalCode !== null) return;
  const gone = once(shop.process, 'exit');
  shop.process.kill('SIGKILL');
  await gone;
}

/** One request. @returns the status, 0 when nobody answers within the time */
export function visit(
  port: number,
  path: string,
  options: { readonly body?: string; readonly timeoutMs?: number } = {},
): Promise<number> {
  return new Promise((resolve) => {
    const method = options.body === undefined ? 'GET' : 'POST';
    const sent = request(
      { host: '127.0.0.1', port, path, method, agent: false, timeout: options.timeoutMs ?? 5000 },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', () => resolve(0));
      },
    );
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(0));
    sent.end(options.body);
  });
}

/** Everything the shop does on an ordinary day, once; the debug endpoint included, which is how it will be misused. */
export async function ordinaryDay(port: number): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (const path of ['/', '/about', '/terms', '/nowhere', '/report']) statuses.push(await visit(port, path));
  statuses.push(await visit(port, '/order', { body: 'two whorls, oak' }));
  statuses.push(await visit(port, '/debug/run?file=/usr/bin/uname&arg=-r'));
  return statuses;
}
