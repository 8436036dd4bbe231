import type { Daemon } from '../daemon.ts';
import { folders, httpService, lifeOf, paths, port } from './http-service.ts';

export const node: Daemon = {
  ...httpService,
  name: 'node',
  packages: ['curl', 'nodejs'],
  entrypoint: ['node', '/srv/app/server.js'],
  setup: [folders],
  user: { uid: 1000, gid: 1000 },
  otherUser: { uid: 10_004, gid: 10_004 },
  // In such number that each worker gets some of every kind.
  life: lifeOf(
    (pod) => {
      for (const path of paths) pod.get(port, path, path);
    },
    (pod) => pod.rotate('/var/log/app/access.log', 'SIGUSR2'),
  ),
};
