import type { Daemon } from '../daemon.ts';
import { folders, httpService, lifeOf, manyRequests } from './http-service.ts';

export const java: Daemon = {
  ...httpService,
  name: 'java',
  packages: ['curl', 'openjdk-17-jre-headless'],
  entrypoint: ['java', '-Xmx64m', '-cp', '/srv/app/shop.jar', 'Shop'],
  // A virtual machine calls its counters after a user who has a name.
  setup: [`useradd -u 10006 -M shop && ${folders}`],
  build:
    'mkdir -p "$ROOT/srv/app" "$ROOT/srv/classes" && javac -nowarn -d "$ROOT/srv/classes" Shop.java 2>/dev/null && ' +
    'jar cf "$ROOT/srv/app/shop.jar" -C "$ROOT/srv/classes" . && rm -r "$ROOT/srv/classes"',
  user: { uid: 0, gid: 0 },
  otherUser: { uid: 10_006, gid: 10_006 },
  life: lifeOf(manyRequests),
};
