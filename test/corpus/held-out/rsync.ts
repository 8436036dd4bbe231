import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const port = 8730;
const url = `rsync://127.0.0.1:${port}`;
const upload = ['rsync', '-rI', '/srv/src/', `${url}/shop/`];
const list = ['rsync', `${url}/shop/`];

export const rsync: Daemon = {
  name: 'rsync',
  packages: ['rsync'],
  entrypoint: ['rsync', '--daemon', '--no-detach', '--config=/etc/rsyncd/rsyncd.conf'],
  setup: [
    'rm -f /etc/rsyncd.conf /etc/default/rsync',
    'mkdir -p /run/rsyncd /var/log/rsyncd && chmod 777 /run/rsyncd /var/log/rsyncd /srv/shop',
    'chmod -R a+rX /etc/rsyncd /srv/src',
  ],
  build: 'sh site.sh',
  data: ['/srv/shop', '/var/log/rsyncd'],
  config: '/etc/rsyncd',
  user: { uid: 33, gid: 33 },
  otherUser: { uid: 10_006, gid: 10_006 },
  probes: [list, upload],
  isReady: async (pod) => pod.talk(port, '@RSYNCD: 31.0\n#list\n').includes('shop'),
  life,
};

async function life(pod: Pod): Promise<void> {
  await pod.start();
  await load(pod);
  pod.renewConfig();
  await load(pod);
  // It opens its log anew for every client and takes no signal for it.
  pod.rotate('/var/log/rsyncd/rsyncd.log', 'SIGCONT');
  await load(pod);
  pod.crash();
  await pod.restart();
  await load(pod);
  await pod.replace();
  await load(pod);
  await pod.stop();
}

/** Uploads over what is there, lists, and a client that knows no module. */
async function load(pod: Pod): Promise<void> {
  for (let i = 1; i <= 5; i += 1) {
    pod.probe(1);
    pod.probe();
    pod.talk(port, '@RSYNCD: 31.0\n#list\n');
    pod.talk(port, '@RSYNCD: 31.0\nnobody\n');
    await sleep(300);
  }
}
