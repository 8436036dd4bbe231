import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cgroupMount } from '../../cli/cgroup-mount.ts';

/** The demo as a newcomer runs it, on the real kernel, from the launcher to the last line. */
const launcher = resolve('bin', 'whorl');

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly story: string;
}

function start(
  command: string,
  args: readonly string[],
): { child: ChildProcess; said: () => string; ran: Promise<Ran> } {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let story = '';
  child.stdout.on('data', (part: Buffer) => {
    stdout += part.toString('utf8');
  });
  child.stderr.on('data', (part: Buffer) => {
    story += part.toString('utf8');
  });
  const ran = once(child, 'close').then(() => ({ code: child.exitCode, stdout, story }));
  return { child, said: () => story, ran };
}

/** What one demo made is named after its directory or its cgroup; another one may be running beside it. */
function leftovers(story: string): string[] {
  const names = new Set([...story.matchAll(/whorl-demo-\w+/g)].map((m) => m[0]));
  const files = readdirSync(tmpdir()).filter((name) => names.has(name));
  const cgroups = readdirSync(cgroupMount() ?? '').filter((name) => names.has(name));
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine)
    .filter((line) => [...names].some((name) => line.includes(name)));
  return [...files, ...cgroups, ...processes];
}

/** Empty for a process that ended between the list and the look: what is gone is not left over. */
function commandLine(pid: string): string {
  try {
    return readFileSync(join('/proc', pid, 'cmdline'), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code)))
      return '';
    throw error;
  }
}

describe('whorl demo', () => {
  it('tells the whole story on live kernel events and leaves nothing behind', async () => {
    const { code, stdout, story } = await start(launcher, ['demo', '--json', '--no-install']).ran;
    expect(code, story).toBe(0);
    const line: { drifts: { kind: string; process: string }[]; stopped: number; seconds: number } =
      JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(line).toMatchObject({
      live: true,
      stopped: 2,
      detectToStoppedMs: expect.any(Number),
      seconds: expect.any(Number),
    });
    expect(line.seconds).toBeLessThanOrEqual(90);
    const execs = line.drifts.filter((d) => d.kind === 'exec').map((d) => d.process);
    expect(execs).toEqual([expect.stringMatching(/\/invoice\.bin$/), expect.stringMatching(/\/bash$/)]);
    expect(story).toMatch(/learning is complete, by the thresholds of a demo/);
    expect(story).toMatch(/requests answered, no drift/);
    expect(story).toMatch(/lineage: {2}\S*\/node → \S*\/invoice\.bin \(pid \d+\)/);
    expect(story).toMatch(/lineage: {2}\S*\/node → \S*\/bash \(pid \d+\)/);
    expect(story.match(/approved: version 1 by owner, up to kill/g)).toHaveLength(2);
    expect(story).toMatch(/detected [\d.]+ ms after the act, held [\d.]+ ms after that: pid \d+/);
    expect(story).toMatch(/detected [\d.]+ ms after the act, killed [\d.]+ ms after that: pid \d+/);
    expect(story.match(/both copies still answer/g)).toHaveLength(2);
    const killed = /killed [\d.]+ ms after that: pid (\d+)/.exec(story)?.[1];
    expect(existsSync(`/proc/${killed}`)).toBe(false);
    expect(leftovers(story)).toEqual([]);
  });

  it('takes everything away when it is interrupted in the middle', async () => {
    const { child, said, ran } = start(launcher, ['demo', '--json', '--no-install']);
    while (!said().includes('3. ')) await once(child.stderr ?? child, 'data');
    child.kill('SIGINT');
    const { code, stdout, story } = await ran;
    expect(code).toBe(4);
    expect(stdout).toBe('');
    expect(story).toMatch(/interrupted; everything it made was taken away/);
    expect(story).not.toMatch(/internal error/);
    expect(leftovers(story)).toEqual([]);
  });

  it('replays recorded events for somebody who may not watch the kernel, and says so', async () => {
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];
    const { code, stdout, story } = await start('setpriv', [...nobody, launcher, 'demo', '--json']).ran;
    expect(code, story).toBe(0);
    expect(story).toMatch(/Live events cannot be had: .*run as root/);
    expect(story).toMatch(/REPLAY of events that were recorded/);
    expect(story).toMatch(/dry run/);
    const line: { drifts: { kind: string }[] } = JSON.parse(stdout);
    expect(line).toMatchObject({ live: false, stopped: 0, detectToStoppedMs: null });
    expect(line.drifts.map((d) => d.kind)).toContain('exec');
  });
});
