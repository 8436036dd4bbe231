import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findCgroup2Mount } from '../../../agent/adapters/linux/cgroup-fs.ts';
import { readStat, startOf } from '../../../agent/adapters/linux/process-proc.ts';
import type { StopRequest } from '../../../agent/ports/enforcer.ts';
import type { ProcessRef } from '../../../fingerprint/event.ts';

export const mount = findCgroup2Mount(readFileSync('/proc/self/mountinfo', 'utf8')) ?? '';

export const nowUs = (): number => Date.now() * 1000;

/** A machine in small: one cgroup with a service that answers, programs that drift, and a process posing as the agent. */
export class EnforceWorld {
  /** Not a random name: evidence would take it for a secret. */
  readonly dir: string;
  readonly dataDir: string;
  readonly cgroup: string;
  /** Stands for the agent, so that what the test starts is not the agent's own. */
  readonly agent: ChildProcess;
  readonly #children: ChildProcess[] = [];

  constructor(name: string) {
    this.dir = join(tmpdir(), `whorl-enforce-${name}-${process.pid}`);
    mkdirSync(this.dir);
    this.dataDir = join(this.dir, 'data');
    this.cgroup = `/whorl-test-${name}-${process.pid}`;
    mkdirSync(mount + this.cgroup);
    for (const program of ['drifter', 'answerer']) {
      const source = new URL(`../../fixtures/enforce/${program}.c`, import.meta.url).pathname;
      execFileSync('gcc', ['-O1', '-pthread', '-o', join(this.dir, program), source]);
    }
    this.agent = spawn('sleep', ['1000']);
    this.#children.push(this.agent);
  }

  /** Starts a program inside the cgroup. */
  async start(program: string, ...args: string[]): Promise<ProcessRef> {
    const into = `${mount}${this.cgroup}/cgroup.procs`;
    const argv = ['-c', `echo $$ > ${into}; exec "$@"`, 'sh', join(this.dir, program), ...args];
    const child = spawn('sh', argv, { stdio: 'ignore' });
    this.#children.push(child);
    const pid = child.pid ?? 0;
    await this.until(() => readStat(pid)?.comm === program, `${program} runs`);
    return refOf(pid);
  }

  /** The service beside it all; `answers` asks it. */
  async service(): Promise<ProcessRef & { readonly answers: () => Promise<boolean> }> {
    const path = join(this.dir, 'service.sock');
    const ref = await this.start('answerer', path);
    const answers = async (): Promise<boolean> => (await ask(path)).trim() === String(ref.pid);
    for (let i = 0; i < 500 && !(await answers()); i += 1) await sleep(10);
    return { ...ref, answers };
  }

  /** What the enforcer left in the cgroup. */
  markers(): string[] {
    return readdirSync(mount + this.cgroup).filter((name) => name.startsWith('whorl-'));
  }

  log(name: string): {
    readonly path: string;
    readonly pids: () => number[];
    readonly moves: () => Promise<boolean>;
  } {
    const path = join(this.dir, name);
    const size = (): number => (existsSync(path) ? statSync(path).size : 0);
    return {
      path,
      pids: () => ((existsSync(path) ? readFileSync(path, 'latin1') : '').match(/\d+/g) ?? []).map(Number),
      moves: async () => {
        const before = size();
        for (let i = 0; i < 30; i += 1) {
          await sleep(10);
          if (size() !== before) return true;
        }
        return false;
      },
    };
  }

  request(action: StopRequest['action'], culprit: ProcessRef, more: Partial<StopRequest> = {}): StopRequest {
    return stopRequest(this.cgroup, action, culprit, more);
  }

  async until(check: () => boolean, what: string): Promise<void> {
    for (let i = 0; i < 1000; i += 1) {
      if (check()) return;
      await sleep(10);
    }
    throw new Error(`waited ten seconds in vain: ${what}`);
  }

  /** Kills everything in the cgroup and below, and removes all traces. */
  async close(): Promise<void> {
    writeFileSync(`${mount}${this.cgroup}/cgroup.kill`, '1');
    for (const child of this.#children) child.kill('SIGKILL');
    await this.until(() => removed(mount + this.cgroup), 'the cgroup is empty');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A request to stop `culprit`, as after the exec of a dropped program. */
export function stopRequest(
  cgroup: string,
  action: StopRequest['action'],
  culprit: ProcessRef,
  more: Partial<StopRequest> = {},
): StopRequest {
  const id = createHash('sha256').update(`${cgroup} ${culprit.pid}`).digest('hex');
  const time = nowUs();
  const incident = {
    id,
    workload: {
      cluster: 'test',
      namespace: '',
      owner: `cgroup${cgroup}`,
      container: 'test',
      role: 'main' as const,
      subject: { name: 'test', digest: `sha256:${'0'.repeat(64)}` },
    },
    instance: { id: cgroup, node: 'test', startedAt: time },
    severity: 'critical' as const,
    kinds: ['exec' as const],
    sentence: 'drifter ran in test',
    drifts: [
      {
        key: 'k',
        kind: 'exec' as const,
        because: 'new-program' as const,
        root: 'entrypoint' as const,
        lineage: ['/service', '/drifter'],
        subject: '/drifter',
        origin: 'upper' as const,
        severity: 'critical' as const,
        count: 1,
        first: time,
        last: time,
        process: culprit,
      },
    ],
    more: 0,
    first: time,
    last: time,
    culprit,
  };
  const request = {
    action,
    incident,
    cgroupPath: cgroup,
    culprit,
    subtree: [],
    exclusive: true,
    deadline: time + 600_000_000,
  };
  // Not spread: a getter stays one, as in the agent, whose process table grows while an act goes on.
  return Object.defineProperties(request, Object.getOwnPropertyDescriptors(more));
}

export function refOf(pid: number): ProcessRef {
  const stat = readStat(pid);
  if (stat === undefined) throw new Error(`no process ${pid}`);
  return { pid, start: startOf(stat) };
}

export function alive(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== undefined && !stat.zombie;
}

function removed(dir: string): boolean {
  try {
    for (const entry of readdirSync(dir, { withFileTypes: true }))
      if (entry.isDirectory()) removed(join(dir, entry.name));
    rmdirSync(dir);
    return true;
  } catch {
    return false;
  }
}

function ask(path: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(path);
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('data', (chunk) => (said += String(chunk)));
    socket.on('error', () => resolve(''));
    socket.on('close', () => resolve(said));
  });
}
