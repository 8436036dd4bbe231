import { envHooks } from '../sensor-event.ts';
import { resolvePath } from '../sensor-text.ts';
import type { Facts, Read, ReadersOf } from './tracee-facts.ts';
import { absolute } from './tracee-files.ts';
import type { TraceeValues } from './tracee-values.ts';

type ExecFacts = Extract<Facts, { kind: 'exec' }>;

function exec(v: TraceeValues<'sched_process_exec'>): Read {
  const pathname = v.text('pathname');
  const exe = absolute(pathname);
  if (exe === undefined) return 'unreadable';
  const args = v.texts('argv');
  const pwd = v.text('pwd');
  const cwd = pwd?.startsWith('/') === true ? pwd : undefined;
  const file = calledFile(v.text('cmdpath'), cwd);
  return {
    kind: 'exec',
    exe,
    ...(file === undefined || file === exe ? {} : { file }),
    args: args ?? [],
    ...(cwd === undefined ? {} : { cwd }),
    // It has a name and no path: it was made in memory.
    ...(pathname?.startsWith('memfd:') === true ? { origin: 'memory' } : {}),
    ...hash(v.text('sha256')),
    ...hooks(v.texts('env')),
    ...(args === undefined ? { truncated: true } : {}),
  };
}

/** Releases before v0.24 do not tell the working directory. */
function calledFile(called: string | undefined, cwd: string | undefined): string | undefined {
  if (called === undefined || called === '') return undefined;
  if (called.startsWith('/')) return resolvePath('/', called);
  return cwd === undefined ? undefined : resolvePath(cwd, called);
}

function hash(sha256: string | undefined): Pick<ExecFacts, 'sha256'> {
  return sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) ? { sha256 } : {};
}

/** Only with `exec-env`; names alone, never values. */
function hooks(env: readonly string[] | undefined): Pick<ExecFacts, 'env'> {
  const set = new Set(env?.map((line) => line.slice(0, Math.max(0, line.indexOf('=')))));
  const found = envHooks.filter((hook) => set.has(hook));
  return found.length === 0 ? {} : { env: found };
}

function exit(v: TraceeValues<'sched_process_exit'>): Read {
  if (v.number('process_group_exit') === 0) return 'nothing';
  const told = v.number('exit_code') ?? 0;
  // As the kernel keeps it the signal stands below the code; newer releases tell the two apart.
  const isRaw = v.number('signal_code') === undefined && told > 0xff;
  const signal = isRaw ? told & 0x7f : (v.number('signal_code') ?? 0);
  const code = (isRaw ? told >> 8 : told) & 0xff;
  return { kind: 'exit', code, ...(signal > 0 && signal <= 64 ? { signal } : {}) };
}

export const lifeReaders: ReadersOf<'sched_process_exec' | 'sched_process_fork' | 'sched_process_exit'> = {
  sched_process_exec: exec,
  sched_process_fork: (v, { born }) => {
    const [pid, tid, told] = [v.number('child_pid'), v.number('child_tid'), v.micros('start_time')];
    if (pid === undefined || pid <= 0 || told === undefined) return 'unreadable';
    // A thread.
    if (tid !== undefined && tid !== pid) return 'nothing';
    return { kind: 'fork', child: { pid, start: born(pid, told) } };
  },
  sched_process_exit: exit,
};
