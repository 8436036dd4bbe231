import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const port = 8080;
const probe = ['curl', '-fs', '-o', '/dev/null', 'http://127.0.0.1:8080/'];
const test = ['nginx', '-t'];

export const nginx: Daemon = {
  name: 'nginx',
  packages: ['curl', 'nginx'],
  entrypoint: ['/docker-entrypoint.sh'],
  setup: [
    'rm -rf /var/www/html',
    'mkdir -p /run/nginx && chmod -R g=u /run/nginx /var/lib/nginx /var/log/nginx',
  ],
  build: 'sh site.sh',
  data: ['/var/log/nginx', '/var/lib/nginx'],
  config: '/etc/nginx/conf.d',
  user: { uid: 0, gid: 0 },
  otherUser: { uid: 10_001, gid: 0 },
  probes: [probe, test],
  isReady: async (pod) => pod.get(port, '/').includes('shop'),
  life,
  extras: {
    'static-files': staticFiles,
    'planted-key': plantedKey,
  },
};

async function life(pod: Pod): Promise<void> {
  await pod.start();
  await load(pod);
  pod.renewConfig();
  pod.exec(test);
  pod.signal('SIGHUP');
  await load(pod);
  pod.rotate('/var/log/nginx/access.log', 'SIGUSR1');
  await load(pod);
  pod.crash();
  await pod.restart();
  await load(pod);
  await pod.replace('SIGQUIT');
  await load(pod);
  await pod.stop('SIGQUIT');
}

/** Probes and requests as they come: pages, a file that is not there, a proxied service, one behind which is nobody. */
async function load(pod: Pod): Promise<void> {
  for (let i = 1; i <= 5; i += 1) {
    pod.get(port, '/', `/css/part-${i}.css`, '/img/item-1.svg', '/favicon.ico', '/stock', '/gone');
    post(pod, '/upload', 'x'.repeat(20_000));
    pod.probe();
    await sleep(500);
  }
}

function post(pod: Pod, path: string, body: string): void {
  const { address } = pod.environment;
  pod.network.run(['curl', '-s', '-m', '10', '-d', body, `http://${address}:${port}${path}`]);
}

async function staticFiles(pod: Pod): Promise<void> {
  await pod.start();
  const site = pod.file('/usr/share/nginx/html');
  const rare = ['css', 'js', 'img'].flatMap((dir) =>
    readdirSync(`${site}/${dir}`).map((name) => `/${dir}/${name}`),
  );
  for (let from = 0; from < 510; from += 30) pod.get(port, ...rare.slice(from + 60, from + 90));
  await pod.stop('SIGQUIT');
}

async function plantedKey(pod: Pod): Promise<void> {
  await pod.start();
  pod.get(port, '/', '/css/part-1.css', '/server.key', '/img/item-1.svg');
  await pod.stop('SIGQUIT');
}
