import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const check = ['squid', '-k', 'parse'];

export const squid: Daemon = {
  name: 'squid',
  packages: ['squid'],
  entrypoint: ['/docker-entrypoint.sh'],
  setup: [
    'rm -rf /var/spool/squid/* /var/log/squid/* /etc/squid/conf.d/debian.conf',
    'mkdir -p /run/squid && chmod 777 /run/squid /var/spool/squid /var/log/squid && chmod -R a+rX /etc/squid',
  ],
  data: ['/var/spool/squid', '/var/log/squid'],
  config: '/etc/squid/conf.d',
  user: { uid: 13, gid: 13 },
  otherUser: { uid: 10_005, gid: 10_005 },
  probes: [check],
  isReady: async (pod) => fetched(pod, '/').includes('stock'),
  life,
};

async function life(pod: Pod): Promise<void> {
  await pod.start();
  await load(pod);
  pod.renewConfig();
  pod.signal('SIGHUP');
  await pod.ready();
  await load(pod);
  pod.signal('SIGUSR1');
  await load(pod);
  pod.crash();
  await pod.restart();
  await load(pod);
  await pod.replace();
  await load(pod);
  await pod.stop();
}

/** Pages of a service by its name, kept and asked for again; a name that nobody has; a service that nobody gives. */
async function load(pod: Pod): Promise<void> {
  for (let i = 1; i <= 5; i += 1) {
    for (let n = 0; n < 6; n += 1) fetched(pod, `/item/${i}/${n}`);
    fetched(pod, `/item/${i}/1`);
    through(pod, 'http://nobody.example/');
    through(pod, 'http://127.0.0.1:9/');
    pod.probe();
    await sleep(500);
  }
}

function fetched(pod: Pod, path: string): string {
  return through(pod, `http://stock.${pod.environment.namespace}.svc.cluster.local:9000${path}`);
}

function through(pod: Pod, url: string): string {
  const proxy = `http://${pod.environment.address}:3128`;
  return pod.network.run(['curl', '-s', '-m', '10', '-x', proxy, url]);
}
