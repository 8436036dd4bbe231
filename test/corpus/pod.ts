import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerRef } from '../../fingerprint/event.ts';
import type { Containerd } from '../e2e/support/containerd.ts';
import type { OciImage } from '../e2e/support/oci-image.ts';
import type { Daemon } from './daemon.ts';
import { type Environment, hexOf } from './environment.ts';
import { PodNetwork } from './network.ts';
import { PodFolders } from './spec.ts';

const runtime = new URL('runc-as-told.sh', import.meta.url).pathname;
const client = new URL('talk.ts', import.meta.url).pathname;
const toldDir = '/run/whorl-corpus';

/** One daemon in one environment: its volumes and its network stay, its container may be replaced. */
export class Pod {
  readonly daemon: Daemon;
  readonly environment: Environment;
  readonly network: PodNetwork;
  /** Every container it ever had, the last one is the present one. */
  readonly containers: ContainerRef[] = [];
  readonly #containerd: Containerd;
  readonly #image: OciImage;
  readonly #dir: string;
  readonly #folders: PodFolders;
  #execs = 0;

  private constructor(
    containerd: Containerd,
    image: OciImage,
    daemon: Daemon,
    environment: Environment,
    network: PodNetwork,
  ) {
    this.#containerd = containerd;
    this.#image = image;
    this.daemon = daemon;
    this.environment = environment;
    this.network = network;
    this.#dir = mkdtempSync('/var/tmp/whorl-pod-');
    this.#folders = new PodFolders(this.#dir, daemon, environment);
  }

  /** The pod without a container yet. The image must have been loaded. */
  static async make(
    containerd: Containerd,
    image: OciImage,
    daemon: Daemon,
    environment: Environment,
  ): Promise<Pod> {
    const network = await PodNetwork.make(environment);
    return new Pod(containerd, image, daemon, environment, network);
  }

  get container(): ContainerRef {
    const last = this.containers.at(-1);
    if (last === undefined) throw new Error(`the pod ${this.environment.pod} has no container`);
    return last;
  }

  get cgroupPath(): string {
    return this.environment.cgroup(this.container.id);
  }

  /** In the pid namespace of the host. */
  get pid(): number {
    const pid = this.#containerd.task(this.container.id)?.pid;
    if (pid === undefined) throw new Error(`the container of ${this.environment.pod} does not run`);
    return pid;
  }

  /** Puts a new container into the pod and starts it, with its image's entrypoint. */
  async start(): Promise<void> {
    const id = hexOf(this.daemon.name, this.environment.name, String(this.containers.length));
    const { name, pod, namespace, owner } = { ...this.environment, name: this.daemon.name };
    const { probes, entrypoint: command } = this.daemon;
    this.containers.push({
      id,
      name,
      image: this.#image.name,
      digest: this.#image.digest,
      namespace,
      pod,
      ...(owner === undefined ? {} : { owner }),
      ...(probes.length === 0 ? {} : { probes }),
      command,
      hostname: this.environment.hostname(id),
      addresses: [this.environment.address],
      resolvers: [this.network.nodeAddress],
      search: this.environment.search.split(' '),
    });
    this.#copyConfig();
    mkdirSync(toldDir, { recursive: true });
    writeFileSync(`${toldDir}/${id}.json`, JSON.stringify(this.#folders.told(id, this.network)));
    const log = `file://${join(this.#dir, 'log')}`;
    this.#containerd.ctr('run', '-d', '--runc-binary', runtime, '--log-uri', log, this.#image.name, id);
    await this.ready();
  }

  /** Settings of the image, for the environments that bring them on a volume. */
  #copyConfig(): void {
    if (this.environment.config === 'image') return;
    const copy = join(this.#dir, 'image-config');
    const own = new URL(`images/${this.daemon.name}${this.daemon.config}`, import.meta.url).pathname;
    cpSync(own, copy, { recursive: true });
  }

  /** After a crash: the same container is started again, with all that it had written. */
  async restart(): Promise<void> {
    const { id } = this.container;
    await this.#containerd.until(id, 'STOPPED');
    this.#containerd.ctr('task', 'delete', id);
    this.#containerd.ctr('task', 'start', '-d', '--log-uri', `file://${join(this.#dir, 'log')}`, id);
    await this.ready();
  }

  /** A new container takes the place of this one, as at every deployment; volumes stay. */
  async replace(signal?: string): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  /** The main process is killed from outside, as by the kernel when memory runs out. */
  crash(): void {
    process.kill(this.pid, 'SIGKILL');
  }

  async ready(): Promise<void> {
    for (let i = 0; i < 300; i += 1) {
      if (await this.daemon.isReady(this).catch(() => false)) return;
      await sleep(100);
    }
    throw new Error(`${this.daemon.name} is not ready after 30 s; it says:\n${this.log().slice(-2000)}`);
  }

  log(): string {
    return readFileSync(join(this.#dir, 'log'), 'utf8');
  }

  /** Runs a program in the container from outside, as its user. Ends with what the program wrote. */
  exec(args: readonly string[]): string {
    this.#execs += 1;
    return this.#containerd.ctr('task', 'exec', '--exec-id', `e${this.#execs}`, this.container.id, ...args);
  }

  /** The n-th probe of the pod spec. */
  probe(n = 0): string {
    return this.exec(this.daemon.probes[n] ?? []);
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** Requests from the node's side, one connection each. @returns what all answered, errors included. */
  get(port: number, ...paths: readonly string[]): string {
    const urls = paths.map((path) => `http://${this.environment.address}:${port}${path}`);
    return this.network.run(['curl', '-s', '--no-keepalive', '-m', '10', ...urls]);
  }

  /** One connection from the node's side: what the peer says to the text until it hangs up. */
  talk(port: number, text: string): string {
    return this.network.run([process.execPath, client, this.environment.address, String(port)], text);
  }

  /** A file of the container as the host reaches it, whatever lies below. */
  file(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  /** As a log rotation outside the container does it: another name, then a signal. */
  rotate(path: string, signal: NodeJS.Signals): void {
    renameSync(this.file(path), this.file(`${path}.1`));
    this.signal(signal);
  }

  renewConfig(): void {
    this.#folders.renewConfig();
  }

  /** The ordinary end: SIGTERM and patience. */
  async stop(signal = 'SIGTERM'): Promise<void> {
    this.#containerd.ctr('task', 'kill', '-s', signal, this.container.id);
    await this.#containerd.until(this.container.id, 'STOPPED');
    this.#containerd.ctr('task', 'delete', this.container.id);
  }

  async close(): Promise<void> {
    for (const { id } of this.containers) {
      for (const args of [
        ['task', 'kill', '-s', 'SIGKILL', '-a', id],
        ['task', 'delete', '-f', id],
        ['container', 'delete', id],
      ]) {
        try {
          this.#containerd.ctr(...args);
        } catch {
          // Ended already.
        }
      }
      rmSync(`${toldDir}/${id}.json`, { force: true });
    }
    for (const { id } of this.containers) removeGroupsAbove(this.environment.cgroup(id));
    await this.network.close();
    this.#folders.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** runc removes the container's own cgroups, not those it made above them. */
function removeGroupsAbove(path: string): void {
  const hierarchies = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2] === 'cgroup' || fields[2] === 'cgroup2');
  for (const fields of hierarchies) {
    for (let at = dirname(path); at !== '/'; at = dirname(at)) {
      try {
        rmdirSync(join(fields[1] ?? '', at));
      } catch {
        // Not there, or somebody uses it.
        break;
      }
    }
  }
}
