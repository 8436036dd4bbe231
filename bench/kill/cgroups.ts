import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCgroupFs } from '../../agent/adapters/linux/cgroup-fs.ts';

/** The benchmark's own corner of the v2 hierarchy: a cgroup per watched copy. */
export class BenchCgroups {
  /** Below the mount, as the kernel prints it. */
  readonly path = `/whorl-bench-${process.pid}`;
  /** Where the kernel is the killer: the root, which is nobody's instance, so that the watcher leaves it alone. */
  readonly kernel = openCgroupFs().mount;
  readonly #dir: string;

  constructor() {
    this.#dir = join(this.kernel, this.path);
    mkdirSync(this.#dir);
    mkdirSync(this.watched);
  }

  get watched(): string {
    return join(this.#dir, 'watched');
  }

  /** Starts `copies` running copies of the service, `c0`, `c1` …, each in its own cgroup. */
  async start(service: string, copies: number): Promise<void> {
    for (let i = 0; i < copies; i++) {
      const dir = join(this.watched, `c${i}`);
      mkdirSync(dir);
      // The way a runtime does it: enter the cgroup, then become the program.
      const enter = ['-c', 'echo $$ >"$0/cgroup.procs" && exec "$1"', dir, service];
      const child = spawn('/bin/sh', enter, { stdio: 'ignore', detached: true });
      child.unref();
      await new Promise((resolve, reject) => child.on('spawn', resolve).on('error', reject));
    }
  }

  /** Ends everything inside and takes the cgroups away. */
  async remove(): Promise<void> {
    writeFileSync(join(this.#dir, 'cgroup.kill'), '1');
    for (let tries = 0; tries < 200; tries++) {
      try {
        removeTree(this.#dir);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    throw new Error(`${this.#dir} could not be removed: something still runs in it`);
  }
}

function removeTree(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(dir, entry.name));
  rmdirSync(dir);
}
