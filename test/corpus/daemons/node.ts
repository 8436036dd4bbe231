import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const port = 8080;

export const node: Daemon = {
  name: 'node',
  packages: ['curl', 'nodejs'],
  entrypoint: ['node', '/srv/app/server.js'],
  setup: ['install -d -m 1777 /var/lib/app /var/log/app /backup'],
  data: ['/var/lib/app', '/var/log/app', '/backup'],
  config: '/etc/app',
  user: { uid: 1000, gid: 1000 },
  otherUser: { uid: 10_004, gid: 10_004 },
  probes: [['curl', '-fs', '-o', '/dev/null', 'http://127.0.0.1:8080/']],
  isReady: async (pod) => pod.get(port, '/').includes('hello'),
  life,
};

async function life(pod: Pod): Promise<void> {
  await pod.start();
  await load(pod);
  pod.renewConfig();
  pod.signal('SIGHUP');
  await load(pod);
  pod.rotate('/var/log/app/access.log', 'SIGUSR2');
  pod.get(port, '/backup');
  await load(pod);
  pod.crash();
  await pod.restart();
  await load(pod);
  await pod.replace();
  await load(pod);
  await pod.stop();
}

/** Requests in such number that each worker gets some of every kind. */
async function load(pod: Pod): Promise<void> {
  for (let i = 1; i <= 4; i += 1) {
    for (const path of ['/', '/stock', '/report', '/cart', '/gone', '/nothing']) pod.get(port, path, path);
    pod.probe();
    await sleep(700);
  }
}
