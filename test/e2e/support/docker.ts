import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { daemonAnswers } from './daemon-answers.ts';
import type { OciImage } from './oci-image.ts';

/** Why Docker cannot be tested here, or undefined. */
export function whyNoDocker(): string | undefined {
  for (const program of ['dockerd', 'docker', 'skopeo']) {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`]);
    } catch {
      return `${program} is not installed (Debian: docker.io, skopeo)`;
    }
  }
  return undefined;
}

/** A Docker daemon of the test's own, with its own containerd; it touches neither bridges nor firewalls. */
export class Docker {
  readonly socket: string;
  readonly #root: string;
  readonly #exec: string;
  readonly #daemon: ChildProcess;

  private constructor(root: string, exec: string, daemon: ChildProcess) {
    this.#root = root;
    this.#exec = exec;
    this.#daemon = daemon;
    this.socket = join(exec, 'd.sock');
  }

  static async start(): Promise<Docker> {
    const root = mkdtempSync(join(tmpdir(), 'whorl-docker-'));
    // The sockets of the shims hang below it, and a socket path holds 107 bytes.
    const exec = mkdtempSync('/run/wd-');
    const log = openSync(join(root, 'log'), 'w');
    const places = ['--data-root', join(root, 'data'), '--exec-root', exec, '--pidfile', join(exec, 'pid')];
    const alone = ['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver', 'vfs'];
    const args = ['--host', `unix://${join(exec, 'd.sock')}`, ...places, ...alone];
    const daemon = spawn('dockerd', args, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    const docker = new Docker(root, exec, daemon);
    await docker.#ready();
    return docker;
  }

  async #ready(): Promise<void> {
    await daemonAnswers({
      name: 'dockerd',
      daemon: this.#daemon,
      socket: this.socket,
      log: join(this.#root, 'log'),
      ask: () => this.docker('version'),
    });
  }

  docker(...args: readonly string[]): string {
    return execFileSync('docker', ['--host', `unix://${this.socket}`, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** @returns the image's id: the digest of its configuration */
  load(image: OciImage): string {
    const archive = `${image.archive}.docker`;
    execFileSync(
      'skopeo',
      ['copy', `oci-archive:${image.archive}`, `docker-archive:${archive}:${image.name}`],
      {
        stdio: 'pipe',
      },
    );
    this.docker('load', '--input', archive);
    return this.docker('image', 'inspect', '--format', '{{.Id}}', image.name).trim();
  }

  async close(): Promise<void> {
    const left = this.docker('ps', '--all', '--quiet')
      .split('\n')
      .filter((id) => id !== '');
    if (left.length > 0) this.docker('rm', '--force', ...left);
    if (this.#daemon.exitCode === null) {
      this.#daemon.kill('SIGTERM');
      await once(this.#daemon, 'exit');
    }
    removeEmptyCgroups();
    for (const dir of [this.#root, this.#exec]) rmSync(dir, { recursive: true, force: true });
  }
}

/** runc removes a container's cgroup in each hierarchy, not Docker's above them; another daemon may use that. */
function removeEmptyCgroups(): void {
  const hierarchies = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2] === 'cgroup' || fields[2] === 'cgroup2');
  for (const fields of hierarchies) {
    try {
      rmdirSync(join(fields[1] ?? '', 'docker'));
    } catch {
      // Not there, or in use.
    }
  }
}
