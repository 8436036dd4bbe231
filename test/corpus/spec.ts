import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon, User } from './daemon.ts';
import type { Environment } from './environment.ts';

interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** What `runc-as-told.sh` reads: how the runtime's specification of a container differs from containerd's plain one. */
export interface Told {
  readonly hostname: string;
  readonly cgroup: string;
  readonly cpus?: string;
  readonly network: string;
  readonly user: User;
  readonly cwd: string;
  readonly env: readonly string[];
  readonly mounts: readonly Mount[];
}

/** Folders of the host that outlive a container: its volumes, and the files kubelet and docker put into /etc. */
export class PodFolders {
  readonly #dir: string;
  readonly #daemon: Daemon;
  readonly #environment: Environment;
  readonly #mounted = new Set<string>();

  constructor(dir: string, daemon: Daemon, environment: Environment) {
    this.#dir = dir;
    this.#daemon = daemon;
    this.#environment = environment;
  }

  told(containerId: string, network: { readonly pod: string; readonly nodeAddress: string }): Told {
    const { timezone, locale, cpus, tmpdir, otherUser } = this.#environment;
    const user = otherUser ? this.#daemon.otherUser : this.#daemon.user;
    const hostname = this.#environment.hostname(containerId);
    return {
      hostname,
      cgroup: this.#environment.cgroup(containerId),
      ...(cpus === undefined ? {} : { cpus }),
      network: network.pod,
      user,
      cwd: this.#daemon.cwd ?? '/',
      env: [
        ...(this.#daemon.env ?? []),
        ...(timezone?.by === 'TZ' ? [`TZ=${timezone.zone}`] : []),
        ...(locale === undefined ? [] : [`LANG=${locale}`]),
        ...(tmpdir === undefined ? [] : [`TMPDIR=${tmpdir}`]),
      ],
      mounts: [
        ...this.#ofHost(hostname, network.nodeAddress, user),
        ...this.#daemon.data.flatMap((path) => this.#ofData(path, user)),
        ...this.#ofConfig(),
      ],
    };
  }

  close(): void {
    for (const folder of this.#mounted) execFileSync('umount', [folder]);
  }

  /** As kubelet renews a ConfigMap: a new dated directory, then the link to it changes. */
  renewConfig(): void {
    if (this.#environment.config === 'config-map')
      fillConfigMap(this.#path('config'), this.#source, 'renewed');
  }

  /** A copy of the settings in the image; the rig fills it when the image is made. */
  get #source(): string {
    return join(this.#dir, 'image-config');
  }

  #path(name: string): string {
    const path = join(this.#dir, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  #ofHost(hostname: string, nodeAddress: string, user: User): Mount[] {
    const { address, search, timezone, tmpdir, showsCgroups } = this.#environment;
    const etc = this.#path('etc');
    const files = {
      hostname: `${hostname}\n`,
      hosts: `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n${address}\t${hostname}\n`,
      'resolv.conf': `search ${search}\nnameserver ${nodeAddress}\noptions ndots:5\n`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(etc, name), text);
    const bound = Object.keys(files).map((name) => bind(join(etc, name), `/etc/${name}`));
    if (timezone?.by === 'localtime')
      bound.push(bind(`/usr/share/zoneinfo/${timezone.zone}`, '/etc/localtime', 'ro'));
    if (tmpdir?.startsWith('/var/') === false) bound.push(memory(tmpdir, user));
    if (showsCgroups)
      bound.push({
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
      });
    return bound;
  }

  #ofData(path: string, user: User): Mount[] {
    switch (this.#environment.data) {
      case 'upper':
        return [];
      case 'memory': {
        // As an emptyDir in memory: of the pod, not of the container, so that it outlives a crash.
        const folder = this.#path(`memory${path.replaceAll('/', '-')}`);
        if (!this.#mounted.has(folder)) {
          const options = `nosuid,nodev,mode=755,size=256m,uid=${user.uid},gid=${user.gid}`;
          execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
          this.#mounted.add(folder);
        }
        return [bind(folder, path)];
      }
      case 'volume': {
        const folder = this.#path(`data${path.replaceAll('/', '-')}`);
        // As a volume of kubelet's with fsGroup: whoever the daemon runs as may write.
        chownSync(folder, user.uid, user.gid);
        return [bind(folder, path)];
      }
    }
  }

  #ofConfig(): Mount[] {
    switch (this.#environment.config) {
      case 'image':
        return [];
      case 'folder':
        cpSync(this.#source, this.#path('config'), { recursive: true });
        return [bind(this.#path('config'), this.#daemon.config, 'ro')];
      case 'config-map':
        fillConfigMap(this.#path('config'), this.#source, 'first');
        return [bind(this.#path('config'), this.#daemon.config, 'ro')];
    }
  }
}

const dated = { first: '..2026_05_02_08_00_00.123456789', renewed: '..2026_05_09_17_30_12.987654321' };

function fillConfigMap(folder: string, source: string, version: keyof typeof dated): void {
  cpSync(source, join(folder, dated[version]), { recursive: true });
  symlinkSync(dated[version], join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  for (const name of readdirSync(source)) {
    try {
      symlinkSync(`..data/${name}`, join(folder, name));
    } catch {
      // There from the first time.
    }
  }
}

function bind(source: string, destination: string, mode: 'rw' | 'ro' = 'rw'): Mount {
  return { destination, type: 'bind', source, options: ['rbind', mode] };
}

/** Its mode becomes that of the directory below; where there is none, all may write. */
function memory(destination: string, { uid, gid }: User = { uid: 0, gid: 0 }): Mount {
  return {
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'nodev', 'mode=1777', 'size=256m', `uid=${uid}`, `gid=${gid}`],
  };
}
