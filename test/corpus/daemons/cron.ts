import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const root = { uid: 0, gid: 0 };
const probe = ['test', '-s', '/run/crond.pid'];

export const cron: Daemon = {
  name: 'cron',
  packages: ['cron', 'logrotate'],
  entrypoint: ['cron', '-f'],
  setup: [
    'rm -f /etc/cron.d/e2scrub_all /etc/cron.daily/* /etc/logrotate.d/[b-z]* /etc/logrotate.d/alternatives /etc/logrotate.d/apt',
    'install -d -m 755 /var/log/app /backup && install -m 666 -o daemon -g daemon /dev/null /var/log/app/ticks.log',
    // A container may not write the login id of its host.
    "sed -i '/pam_loginuid/d' /etc/pam.d/cron",
  ],
  data: ['/backup', '/var/lib/logrotate'],
  config: '/etc/logrotate.d',
  user: root,
  otherUser: root,
  probes: [probe],
  isReady: async (pod) => existsSync(pod.file('/run/crond.pid')),
  life,
};

async function life(pod: Pod): Promise<void> {
  await pod.start();
  await minutes(pod, 4);
  pod.crash();
  await pod.restart();
  await minutes(pod, 3);
  await pod.replace('SIGKILL');
  await minutes(pod, 1);
  await pod.stop('SIGKILL');
}

/** Its jobs run at the full minute. */
async function minutes(pod: Pod, n: number): Promise<void> {
  for (let i = 0; i < n; i += 1) {
    pod.probe();
    await sleep(60_000 - (Date.now() % 60_000) + 4000);
    pod.probe();
  }
}
