import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import { type Environment, hexOf } from '../environment.ts';
import type { Pod } from '../pod.ts';

/** What this machine's `shop` has in the place of `shop/api`: the neighbour (`neighbour.ts`). */
export const apiHost = '10.42.9.2';

/**
 * The web server of the shop that Falco recorded, from what that recording shows: programs, arguments, files, ports. Of
 * the entrypoint script and the settings only the effects are known.
 */
export const web: Daemon = {
  name: 'web',
  packages: ['nginx', 'openssl'],
  entrypoint: ['/docker-entrypoint.sh'],
  setup: [
    'rm -rf /var/www/html /var/lib/nginx/*',
    ': >/var/log/nginx/access.log; : >/var/log/nginx/error.log',
  ],
  build: 'sh site.sh',
  data: [],
  config: '/etc/nginx',
  user: { uid: 0, gid: 0 },
  otherUser: { uid: 0, gid: 0 },
  env: [`API_HOST=${apiHost}`],
  probes: [],
  isReady: async (pod) => pod.get(8080, '/').includes('shop'),
  life: async (pod) => {
    await pod.start();
    for (let i = 0; i < 12; i += 1) {
      pod.get(8080, '/', `/asset${1 + (i % 5)}.js`, '/api/items', '/api/report');
      await sleep(500);
    }
  },
};

/** Its cache: snapshots by fork every ten seconds, probed every ten seconds. */
export const cache: Daemon = {
  name: 'cache',
  packages: ['openssl', 'redis-server'],
  entrypoint: [
    ...['redis-server', '--bind', '0.0.0.0', '--protected-mode', 'no'],
    ...['--dir', '/var/lib/redis', '--save', '10', '5'],
  ],
  setup: ['chown -R 100:101 /var/lib/redis'],
  data: [],
  config: '/etc/redis',
  user: { uid: 100, gid: 101 },
  otherUser: { uid: 100, gid: 101 },
  cwd: '/var/lib/redis',
  probes: [['redis-cli', 'ping']],
  isReady: async (pod) => pod.talk(6379, 'PING\r\nQUIT\r\n').includes('PONG'),
  life: async (pod) => {
    await pod.start();
    for (let i = 0; i < 36; i += 1) {
      if (i % 10 === 4) pod.probe();
      await written(pod, i);
    }
  },
};

async function written(pod: Pod, i: number): Promise<void> {
  const keys = [1, 2, 3, 4].map((n) => `INCR item:${i}:${n}\r\nSET page:${n} ${'x'.repeat(100)}\r\n`);
  pod.talk(6379, `${keys.join('')}GET page:1\r\nQUIT\r\n`);
  await sleep(900);
}

/** Where the shop runs here: another network, another id, nothing mounted but what the runtime mounts. */
export function shopOf(daemon: Daemon): Environment {
  const pods: Readonly<Record<string, string>> = { web: 'web-6c8d7f9b5-q4k2m', cache: 'cache-0' };
  const pod = pods[daemon.name] ?? daemon.name;
  const uid = hexOf(daemon.name, 'shop').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  return {
    name: 'shop',
    pod,
    namespace: 'shop',
    hostname: () => pod,
    cgroup: (id) => `/kubepods/besteffort/pod${uid}/${id}`,
    address: '10.42.9.83',
    timezone: undefined,
    locale: undefined,
    cpus: undefined,
    tmpdir: undefined,
    otherUser: false,
    data: 'upper',
    config: 'image',
    showsCgroups: true,
    search: 'shop.svc.cluster.local svc.cluster.local cluster.local',
  };
}
