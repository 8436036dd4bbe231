import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const port = 8080;
const probe = ['curl', '-fs', '-o', '/dev/null', 'http://127.0.0.1:8080/'];
const test = ['lighttpd', '-tt', '-f', '/etc/lighttpd/lighttpd.conf'];

export const lighttpd: Daemon = {
  name: 'lighttpd',
  packages: ['curl', 'lighttpd', 'lighttpd-mod-deflate', 'perl'],
  entrypoint: ['lighttpd', '-D', '-f', '/etc/lighttpd/lighttpd.conf'],
  setup: [
    'rm -rf /var/cache/lighttpd/* /etc/lighttpd/conf-enabled',
    'mkdir -p /run/lighttpd && chmod 777 /run/lighttpd /var/log/lighttpd /var/cache/lighttpd',
  ],
  build: 'sh site.sh',
  data: ['/var/log/lighttpd', '/var/cache/lighttpd'],
  config: '/etc/lighttpd/conf.d',
  user: { uid: 33, gid: 33 },
  otherUser: { uid: 10_004, gid: 10_004 },
  probes: [probe, test],
  isReady: async (pod) => pod.get(port, '/').includes('shop'),
  life,
};

async function life(pod: Pod): Promise<void> {
  await pod.start();
  await load(pod);
  pod.renewConfig();
  pod.exec(test);
  pod.signal('SIGUSR1');
  await pod.ready();
  await load(pod);
  pod.rotate('/var/log/lighttpd/access.log', 'SIGHUP');
  await load(pod);
  pod.crash();
  await pod.restart();
  await load(pod);
  await pod.replace('SIGINT');
  await load(pod);
  await pod.stop('SIGINT');
}

/** Pages, packed and kept packed, a missing one, a program of the site, an upload, a service behind which is nobody. */
async function load(pod: Pod): Promise<void> {
  const { address } = pod.environment;
  for (let i = 1; i <= 5; i += 1) {
    pod.get(port, '/', `/css/part-${i}.css`, '/missing', '/cgi-bin/when', '/stock');
    const url = `http://${address}:${port}`;
    pod.network.run(['curl', '-s', '-m', '10', '--compressed', `${url}/css/part-${10 + i}.css`]);
    pod.network.run(['curl', '-s', '-m', '10', '-d', 'x'.repeat(100_000), `${url}/cgi-bin/when`]);
    pod.probe();
    await sleep(500);
  }
}
