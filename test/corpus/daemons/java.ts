import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const port = 8080;

export const java: Daemon = {
  name: 'java',
  packages: ['curl', 'openjdk-17-jre-headless'],
  entrypoint: ['java', '-Xmx64m', '-cp', '/srv/app/shop.jar', 'Shop'],
  // A virtual machine calls its counters after a user who has a name.
  setup: ['useradd -u 10006 -M shop && install -d -m 1777 /var/lib/app /var/log/app /backup'],
  build:
    'mkdir -p "$ROOT/srv/app" "$ROOT/srv/classes" && javac -nowarn -d "$ROOT/srv/classes" Shop.java 2>/dev/null && ' +
    'jar cf "$ROOT/srv/app/shop.jar" -C "$ROOT/srv/classes" . && rm -r "$ROOT/srv/classes"',
  data: ['/var/lib/app', '/var/log/app', '/backup'],
  config: '/etc/app',
  user: { uid: 0, gid: 0 },
  otherUser: { uid: 10_006, gid: 10_006 },
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
  pod.get(port, '/backup');
  await load(pod);
  pod.crash();
  await pod.restart();
  await load(pod);
  await pod.replace();
  await load(pod);
  await pod.stop();
}

/** Enough lines that the log is rotated in every round. */
async function load(pod: Pod): Promise<void> {
  for (let i = 1; i <= 4; i += 1) {
    pod.get(port, '/', '/stock', '/report', '/cart', '/gone', '/nothing', ...Array(12).fill('/'));
    pod.probe();
    await sleep(700);
  }
}
