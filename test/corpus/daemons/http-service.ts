import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../pod.ts';

export const port = 8080;
export const paths = ['/', '/stock', '/report', '/cart', '/gone', '/nothing'] as const;

/** What our own services in every language have in common: where they write, who asks whether they are well. */
export const httpService = {
  data: ['/var/lib/app', '/var/log/app', '/backup'],
  config: '/etc/app',
  probes: [['curl', '-fs', '-o', '/dev/null', 'http://127.0.0.1:8080/']],
  isReady: async (pod: Pod): Promise<boolean> => pod.get(port, '/').includes('hello'),
};

export const folders = 'install -d -m 1777 /var/lib/app /var/log/app /backup';

type Scene = (pod: Pod) => void | Promise<void>;

/** One life of such a service. @param request one round of requests. @param rotate what a rotation outside of it does. */
export const lifeOf =
  (request: Scene, rotate: Scene = () => undefined) =>
  async (pod: Pod): Promise<void> => {
    const load = async (): Promise<void> => {
      for (let i = 1; i <= 4; i += 1) {
        await request(pod);
        pod.probe();
        await sleep(700);
      }
    };
    await pod.start();
    await load();
    pod.renewConfig();
    pod.signal('SIGHUP');
    await load();
    await rotate(pod);
    pod.get(port, '/backup');
    await load();
    pod.crash();
    await pod.restart();
    await load();
    await pod.replace();
    await load();
    await pod.stop();
  };

/** Enough lines that a service that rotates its own log does so in every round. */
export const manyRequests: Scene = (pod) => {
  pod.get(port, ...paths, ...Array(12).fill('/'));
};
