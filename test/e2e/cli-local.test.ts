import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupMount } from '../../cli/cgroup-mount.ts';
import { removeCgroup } from '../../cli/demo/cgroup.ts';

const launcher = resolve('bin', 'whorl');
const directory = mkdtempSync(join(tmpdir(), 'whorl-local-'));
const cgroup = join(cgroupMount() ?? '', `cli-local-${process.pid}`);
let up: ChildProcess;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function whorl(...args: readonly string[]): Promise<Ran> {
  return new Promise((done) => {
    execFile(launcher, [...args], (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const here = (verb: string, ...args: readonly string[]): Promise<Ran> =>
  whorl(verb, ...args, '--data-dir', join(directory, 'state'));

describe('where nothing runs', () => {
  it.each(['status', 'incidents'])('%s says so, with code 4', async (verb) => {
    const ran = await here(verb);
    expect(ran.code).toBe(4);
    expect(ran.stderr).toMatch(/^whorl: neither a collector nor an agent runs on .*; start whorl up.*\n$/);
  });

  it('resume works all the same, from what is on disk', async () => {
    mkdirSync(join(directory, 'state', 'agent'), { recursive: true });
    const ran = await here('resume', '--local', '--all');
    expect(ran).toMatchObject({ code: 0, stderr: 'nothing is held or frozen here\n' });
  });

  it('doctor finds everything a live demo needs on this machine', async () => {
    const ran = await here('doctor', '--json');
    expect(ran.code, ran.stdout).toBe(0);
    const { findings } = JSON.parse(ran.stdout);
    expect(findings.map((f: { id: string }) => f.id)).toEqual(
      expect.arrayContaining([
        'kernel',
        'btf',
        'cgroup',
        'cgroup.kill',
        'node',
        'compiler',
        'data-dir',
        'sensor',
      ]),
    );
  });
});

describe('beside whorl up', () => {
  beforeAll(async () => {
    const args = [
      'up',
      '--data-dir',
      join(directory, 'state'),
      '--listen',
      '127.0.0.1:0',
      '--no-install',
      '--json',
    ];
    up = spawn(launcher, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: { type: string; incident: unknown }[] = [];
    const printed = createInterface({ input: up.stdout ?? process.stdin }).on('line', (line) =>
      lines.push(JSON.parse(line)),
    );
    const until = async <T>(find: () => T | undefined): Promise<T> => {
      for (let found = find(); ; found = find()) {
        if (found !== undefined) return found;
        await once(printed, 'line');
      }
    };
    await until(() => lines.find((line) => line.type === 'agent-ready'));
    dropAndRun();
    // Told by the agent, stored and decided on by the collector.
    const ours = await until(() =>
      lines.find((l) => l.type === 'incident' && JSON.stringify(l).includes(join(directory, 'dropped'))),
    );
    const id: unknown = Reflect.get(Object(ours.incident), 'id');
    await until(() => lines.find((line) => line.type === 'decision' && line.incident === id));
  });
  afterAll(async () => {
    up.kill('SIGINT');
    await once(up, 'close');
    await removeCgroup(cgroup);
    rmSync(directory, { recursive: true });
  });

  /** Never normal, also where nothing was approved: a program that lies in a scratch directory. */
  function dropAndRun(): void {
    mkdirSync(cgroup);
    copyFileSync('/bin/true', join(directory, 'dropped'));
    const script = `echo $$ > ${cgroup}/cgroup.procs && exec sh -c '${join(directory, 'dropped')}; sleep 3'`;
    spawn('/bin/sh', ['-c', script], { stdio: 'ignore' });
  }

  const ours = async (): Promise<{ id: string; sentence: string }[]> => {
    const { stdout } = await here('incidents', '--json');
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return rows.filter((row) => row.sentence.includes(join(directory, 'dropped')));
  };

  it('an incident of what is never normal is there from the first minute, with why nothing was stopped', async () => {
    const [incident] = await ours();
    expect(incident?.sentence).toMatch(/started .*dropped.*scratch/);
    const one = await here('incidents', incident?.id.slice(0, 12) ?? '');
    expect(one.code).toBe(1);
    expect(one.stdout).toMatch(/drift {5}exec \(never-learnable\)/);
    expect(one.stdout).toMatch(/decided {3}nothing is stopped/);
  });

  it('status shows agent, collector and workloads', async () => {
    const text = await here('status');
    expect(text.stdout).toMatch(/^agent {6}on \S+, sees exec.* through sensor$/m);
    expect(text.stdout).toMatch(/^agents {5}1 of 1 connected$/m);
    const json = await here('status', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ agent: { ready: true }, collector: { mode: 'alert' } });
  });

  it('resume asks the running agent', async () => {
    expect(await here('resume', '--local', '--all', '--json')).toMatchObject({
      code: 0,
      stdout: '{"dryRun":false,"resumed":[]}\n',
    });
  });
});
