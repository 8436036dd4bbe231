import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ask } from '../../cli/control-client.ts';

const directory = mkdtempSync(join(tmpdir(), 'whorl-up-'));
const launcher = resolve('bin', 'whorl');
const running = new Set<ChildProcess>();
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Up {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

function up(dataDir: string, ...args: readonly string[]): Up {
  const child = spawn(launcher, ['up', '--data-dir', dataDir, '--no-install', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString('utf8');
  });
  child.stderr.on('data', (part: Buffer) => {
    err += part.toString('utf8');
  });
  const ended = once(child, 'close').then(() => {
    running.delete(child);
    return child.exitCode;
  });
  return { child, out: () => out, err: () => err, ended };
}

/** Waits until it has said `text` on stdout; an early end tells why. */
async function said({ child, out, err, ended }: Up, text: string): Promise<void> {
  while (!out().includes(text)) {
    const next = child.stdout === null ? ended : once(child.stdout, 'data');
    const code = await Promise.race([next.then(() => undefined), ended.then((c) => c ?? -1)]);
    if (code !== undefined && !out().includes(text)) throw new Error(`ended with ${code}: ${err()}`);
  }
}

function pidOf(answer: unknown): number {
  return typeof answer === 'object' && answer !== null ? Number(Reflect.get(answer, 'pid')) : 0;
}

describe('whorl up', () => {
  const dataDir = join(directory, 'state');
  const status = () =>
    ask(join(dataDir, 'collector', 'collector.sock'), 'collector', { method: 'GET', path: '/api/v1/status' });

  it('watches, refuses a second one by the pid of the first, ends cleanly and goes on where it stopped', async () => {
    const first = up(dataDir, '--listen', '127.0.0.1:0');
    await said(first, 'watching');
    const second = up(dataDir, '--listen', '127.0.0.1:0');
    expect(await second.ended).toBe(2);
    expect(second.err()).toContain(`pid ${first.child.pid}`);
    expect(second.err().trim().split('\n')).toHaveLength(1);
    const before = await status();

    first.child.kill('SIGINT');
    expect(await first.ended, first.err()).toBe(0);
    expect(first.err()).toBe('');
    expect(existsSync(join(dataDir, 'up.pid'))).toBe(false);
    expect(existsSync(`/proc/${pidOf(before)}`)).toBe(false);

    const again = up(dataDir, '--listen', '127.0.0.1:0');
    await said(again, 'watching');
    const after = await status();
    // The same collector by identity: its database, keys and what it learned are the first one's.
    expect(after).toMatchObject({ id: Reflect.get(Object(before), 'id') });
    again.child.kill('SIGTERM');
    expect(await again.ended, again.err()).toBe(0);
  });

  it('takes its agent and collector with it when it is killed', async () => {
    const killed = up(dataDir, '--listen', '127.0.0.1:0');
    await said(killed, 'watching');
    const collector = pidOf(await status());
    killed.child.kill('SIGKILL');
    await killed.ended;
    while (existsSync(`/proc/${collector}`)) await new Promise((resolve) => setTimeout(resolve, 50));
    const next = up(dataDir, '--listen', '127.0.0.1:0');
    await said(next, 'watching');
    next.child.kill('SIGINT');
    expect(await next.ended, next.err()).toBe(0);
  });

  it('says in a sentence that the port is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const refused = up(join(directory, 'port'), '--listen', `127.0.0.1:${port}`);
    expect(await refused.ended).not.toBe(0);
    expect(refused.err()).toMatch(/in use/);
    expect(refused.err()).not.toMatch(/internal error|\bat .*\.ts:/);
    server.close();
  });

  it('says in a sentence that the data directory cannot be written', async () => {
    const readOnly = join(directory, 'read-only');
    mkdirSync(readOnly);
    chmodSync(readOnly, 0o555);
    const nobody = spawn('setpriv', [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      launcher,
      'up',
      '--data-dir',
      join(readOnly, 'x'),
    ]);
    let err = '';
    nobody.stderr.on('data', (part: Buffer) => {
      err += part.toString('utf8');
    });
    await once(nobody, 'close');
    expect(nobody.exitCode).toBe(2);
    expect(err).toMatch(/^whorl: cannot use the data directory .*: permission denied/);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});
