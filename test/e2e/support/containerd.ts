import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { daemonAnswers } from './daemon-answers.ts';
import type { OciImage } from './oci-image.ts';

/** Kubernetes' namespace: its cgroup paths (`/k8s.io/<id>`) are among those every part of Whorl must know. */
const namespace = 'k8s.io';

export interface Task {
  readonly id: string;
  readonly pid: number;
  readonly status: string;
}

/** A containerd of the test's own: private root, state and socket, nothing listens on the network. */
export class Containerd {
  readonly socket: string;
  readonly #root: string;
  readonly #state: string;
  readonly #daemon: ChildProcess;
  readonly #started: string[] = [];

  private constructor(root: string, state: string, daemon: ChildProcess) {
    this.#root = root;
    this.#state = state;
    this.#daemon = daemon;
    this.socket = join(state, 'c.sock');
  }

  /** @param pause image of the container that holds a pod's namespaces: then it speaks the CRI too */
  static async start(pause?: string): Promise<Containerd> {
    const root = mkdtempSync(join(tmpdir(), 'whorl-ctd-'));
    // The sockets of the shims hang below it, and a socket path holds 107 bytes.
    const state = mkdtempSync('/run/wh-');
    const config = join(root, 'config.toml');
    writeFileSync(config, configOf(root, state, pause));
    const log = openSync(join(root, 'log'), 'w');
    const daemon = spawn('containerd', ['--config', config], { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    const containerd = new Containerd(root, state, daemon);
    await containerd.#ready();
    return containerd;
  }

  async #ready(): Promise<void> {
    await daemonAnswers({
      name: 'containerd',
      daemon: this.#daemon,
      socket: this.socket,
      log: join(this.#root, 'log'),
      ask: () => this.ctr('version'),
    });
  }

  ctr(...args: readonly string[]): string {
    return execFileSync('ctr', ['-a', this.socket, '-n', namespace, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  load(image: OciImage): void {
    this.ctr('image', 'import', image.archive);
  }

  /** Starts a container with a network namespace of its own. */
  async run(
    image: OciImage,
    id: string,
    args: readonly string[] = [],
    flags: readonly string[] = [],
  ): Promise<Task & { readonly cgroupPath: string }> {
    this.#started.push(id);
    this.ctr('run', '-d', ...flags, image.name, id, ...args);
    const task = this.task(id);
    if (task === undefined) throw new Error(`container ${id} did not start`);
    return { ...task, cgroupPath: `/${namespace}/${id}` };
  }

  task(id: string): Task | undefined {
    const rows = this.ctr('task', 'ls')
      .split('\n')
      .map((row) => row.trim().split(/\s+/));
    const row = rows.find((columns) => columns[0] === id);
    return row === undefined ? undefined : { id, pid: Number(row[1]), status: row[2] ?? '' };
  }

  async until(id: string, status: string): Promise<void> {
    for (let i = 0; i < 200; i += 1) {
      if (this.task(id)?.status === status) return;
      await sleep(50);
    }
    throw new Error(`waited ten seconds in vain: task ${id} is ${this.task(id)?.status}, not ${status}`);
  }

  async close(): Promise<void> {
    for (const id of this.#started) {
      for (const args of [
        ['task', 'kill', '-s', '9', '-a', id],
        ['task', 'delete', '-f', id],
        ['container', 'delete', id],
      ]) {
        try {
          this.ctr(...args);
        } catch {
          // Stopped or deleted by the test already.
        }
      }
    }
    if (this.#daemon.exitCode === null) {
      this.#daemon.kill('SIGTERM');
      await once(this.#daemon, 'exit');
    }
    for (const mount of mountsBelow(this.#state)) execFileSync('umount', ['-l', mount]);
    removeEmptyCgroups();
    for (const dir of [this.#root, this.#state]) rmSync(dir, { recursive: true, force: true });
  }
}

function configOf(root: string, state: string, pause: string | undefined): string {
  const disabled = [
    'io.containerd.internal.v1.opt',
    ...(pause === undefined ? ['io.containerd.grpc.v1.cri'] : []),
  ];
  return `version = 2
root = "${root}/root"
state = "${state}"
disabled_plugins = ${JSON.stringify(disabled)}
[grpc]
  address = "${state}/c.sock"
[ttrpc]
  address = "${state}/c.sock.ttrpc"
${pause === undefined ? '' : criOf(root, pause)}`;
}

/** Pods on this machine's own network need no network plugins; and nobody here may lower a process's score. */
function criOf(root: string, pause: string): string {
  return `[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pause}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "${root}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;
}

function mountsBelow(dir: string): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return mounts.filter((mount) => mount.startsWith(`${dir}/`)).reverse();
}

/** runc removes a container's cgroup in each hierarchy, not the namespace's above it; another containerd may use that. */
function removeEmptyCgroups(): void {
  const hierarchies = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2] === 'cgroup' || fields[2] === 'cgroup2');
  for (const fields of hierarchies) {
    const dir = join(fields[1] ?? '', namespace);
    try {
      if (readdirSync(dir, { withFileTypes: true }).every((entry) => !entry.isDirectory())) rmdirSync(dir);
    } catch {
      // Not there, or in use.
    }
  }
}
