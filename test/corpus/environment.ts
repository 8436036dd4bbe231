import { createHash } from 'node:crypto';

/** Where the same image runs: everything that differs from place to place and says nothing of the software. */
export interface Environment {
  readonly name: 'a' | 'b' | 'c' | 'shop';
  readonly pod: string;
  readonly namespace: string;
  readonly owner?: string;
  readonly hostname: (containerId: string) => string;
  readonly cgroup: (containerId: string) => string;
  /** Of the pod; the node is `.1`, the neighbour it talks to `.2` of the same network. */
  readonly address: string;
  readonly timezone: { readonly zone: string; readonly by: 'TZ' | 'localtime' } | undefined;
  readonly locale: string | undefined;
  readonly cpus: string | undefined;
  readonly tmpdir: string | undefined;
  readonly otherUser: boolean;
  readonly data: 'volume' | 'memory' | 'upper';
  readonly config: 'image' | 'config-map' | 'folder';
  readonly showsCgroups: boolean;
  readonly search: string;
}

/** What the daemon's name makes different everywhere, so that two recordings never share an id. */
export function hexOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('/')).digest('hex');
}

export function environmentsOf(daemon: string): readonly Environment[] {
  const uid = hexOf(daemon, 'pod').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  return [
    {
      name: 'a',
      pod: `${daemon}-7d9f8b6c5-x2x4z`,
      namespace: 'shop',
      owner: `Deployment/${daemon}`,
      hostname: () => `${daemon}-7d9f8b6c5-x2x4z`,
      cgroup: (id) => `/kubepods/besteffort/pod${uid}/${id}`,
      address: '10.42.1.17',
      timezone: undefined,
      locale: undefined,
      cpus: undefined,
      tmpdir: undefined,
      otherUser: false,
      data: 'volume',
      config: 'image',
      showsCgroups: true,
      search: 'shop.svc.cluster.local svc.cluster.local cluster.local',
    },
    {
      name: 'b',
      pod: `${daemon}-0`,
      namespace: 'staging',
      owner: `StatefulSet/${daemon}`,
      hostname: (id) => id.slice(0, 12),
      cgroup: (id) => `/system.slice/docker-${id}.scope`,
      address: '172.19.4.3',
      timezone: { zone: 'Asia/Tokyo', by: 'TZ' },
      locale: 'ja_JP.UTF-8',
      cpus: '0',
      tmpdir: '/var/tmp',
      otherUser: true,
      data: 'memory',
      config: 'config-map',
      showsCgroups: true,
      search: 'staging.svc.cluster.local svc.cluster.local cluster.local rack7.example',
    },
    {
      name: 'c',
      pod: `${daemon}-edge-4kq9w`,
      namespace: 'retail-eu',
      owner: `DaemonSet/${daemon}-edge`,
      hostname: () => 'edge-17.stores.example',
      cgroup: (id) => `/k8s.io/${id}`,
      address: '192.168.77.200',
      timezone: { zone: 'Europe/Berlin', by: 'localtime' },
      locale: 'de_DE.UTF-8',
      cpus: '1',
      tmpdir: '/scratch',
      otherUser: false,
      data: 'upper',
      config: 'folder',
      showsCgroups: false,
      search: 'retail-eu.svc.cluster.local svc.cluster.local cluster.local',
    },
  ];
}
