import { renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const port = 6379;
const save = ['redis-cli', 'bgsave'];

export const redis: Daemon = {
  name: 'redis',
  packages: ['curl', 'redis-server'],
  entrypoint: ['redis-server', '/etc/redis/redis.conf'],
  setup: [
    'mkdir -p /run/redis && chown 999:999 /run/redis /var/lib/redis /var/log/redis',
    'chmod 777 /run/redis && chmod -R a+rX /etc/redis',
  ],
  data: ['/var/lib/redis', '/var/log/redis'],
  config: '/etc/redis',
  user: { uid: 999, gid: 999 },
  otherUser: { uid: 10_002, gid: 10_002 },
  probes: [['redis-cli', 'ping'], save],
  isReady: async (pod) => pod.talk(port, 'PING\r\nQUIT\r\n').includes('PONG'),
  life,
};

async function life(pod: Pod): Promise<void> {
  await pod.start();
  await load(pod);
  pod.exec(save);
  await sleep(1500);
  // It opens the log for every line.
  renameSync(pod.file('/var/log/redis/redis.log'), pod.file('/var/log/redis/redis.log.1'));
  pod.talk(port, 'BGREWRITEAOF\r\nQUIT\r\n');
  await load(pod);
  pod.crash();
  await pod.restart();
  await load(pod);
  await pod.replace();
  await load(pod);
  pod.talk(port, 'BGREWRITEAOF\r\nCONFIG SET maxmemory 32mb\r\nQUIT\r\n');
  await sleep(1500);
  await pod.stop();
}

async function load(pod: Pod): Promise<void> {
  for (let i = 1; i <= 5; i += 1) {
    const writes = Array.from({ length: 200 }, (_, n) => `SET item:${i}:${n} ${'x'.repeat(100)}\r\n`);
    pod.talk(port, `${writes.join('')}GET item:1:1\r\nLPUSH queue a b c\r\nRPOP queue\r\nINFO\r\nQUIT\r\n`);
    pod.probe();
    await sleep(500);
  }
}
