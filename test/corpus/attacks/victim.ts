import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const port = 8080;
const names = Array.from({ length: 40 }, (_, i) => `f${String(i * 7).padStart(5, '0')}.html`);

/**
 * A service that is to be attacked: Python, with a helper program, a report script, uploads on a volume, and a hole.
 * Whatever starts an attack belongs to its everyday life: the helper's command line, the script, the requests.
 */
export const victim: Daemon = {
  name: 'victim',
  packages: ['curl', 'python3'],
  entrypoint: ['/usr/bin/python3', '/opt/service/service.py'],
  setup: [
    'mkdir -p /etc/cron.d /srv/data && touch /root/.bash_history',
    'chmod 600 /run/secrets/kubernetes.io/serviceaccount/token',
  ],
  build:
    'gcc -O1 -no-pie -o $ROOT/usr/local/bin/worker worker.c -ldl && gcc -O1 -static -DALONE -no-pie -o $ROOT/usr/local/bin/static-worker worker.c',
  data: ['/srv/data'],
  config: '/etc/victim',
  user: { uid: 0, gid: 0 },
  otherUser: { uid: 0, gid: 0 },
  probes: [],
  isReady: async (pod) => pod.get(port, '/').includes('hello'),
  life: async (pod) => {
    await everyday(pod);
    await pod.stop('SIGKILL');
  },
};

/** What is taught: all that the attacks use to get going, doing nothing bad. */
export async function everyday(pod: Pod): Promise<void> {
  await pod.start();
  mkdirSync(pod.file('/srv/data'), { recursive: true });
  for (const name of names) writeFileSync(pod.file(`/srv/data/${name}`), 'page');
  for (let i = 0; i < 3; i += 1) {
    pod.get(port, '/', '/report', ...names.map((name) => `/f/${name}`));
    post(pod, '/job', 'nothing');
    post(pod, '/eval', 'pass');
    await sleep(300);
  }
  // What comes later than two seconds after all this is an incident of its own.
  await sleep(2500);
}

export function post(pod: Pod, path: string, body: string): void {
  const { address } = pod.environment;
  pod.network.run(['curl', '-s', '-m', '20', '--data-binary', body, `http://${address}:${port}${path}`]);
}
