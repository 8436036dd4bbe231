import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const bin = '/usr/lib/postgresql/15/bin';
const ready = ['pg_isready', '-q', '-h', '/run/postgresql', '-U', 'postgres'];
const dump = ['pg_dump', '-h', '/run/postgresql', '-U', 'postgres', '-Fc', '-f', '/backup/shop.dump', 'shop'];

export const postgres: Daemon = {
  name: 'postgres',
  packages: ['postgresql-15'],
  entrypoint: ['/docker-entrypoint.sh'],
  setup: [
    // Debian's wrappers choose among versions; an image has one.
    `for p in ${bin}/*; do ln -sf $p /usr/local/bin/; done`,
    'rm -rf /var/lib/postgresql/15 /etc/postgresql && useradd -u 10003 -M dba',
    'install -d -m 1777 /var/lib/postgresql/data /var/log/postgresql /run/postgresql /backup',
    'usermod -u 999 postgres && groupmod -g 999 postgres',
  ],
  data: ['/var/lib/postgresql/data', '/var/log/postgresql', '/backup'],
  config: '/etc/postgres',
  user: { uid: 999, gid: 999 },
  otherUser: { uid: 10_003, gid: 10_003 },
  probes: [ready, dump],
  isReady: async (pod) => sql(pod, 'SELECT 40 + 2').includes('42'),
  life,
};

async function life(pod: Pod): Promise<void> {
  await pod.start();
  await load(pod);
  pod.renewConfig();
  pod.signal('SIGHUP');
  await load(pod);
  sql(pod, 'SELECT pg_rotate_logfile()');
  pod.exec(dump);
  pod.crash();
  await pod.restart();
  await load(pod);
  // Where nothing outlives the container, a new one would only begin again.
  if (pod.environment.data !== 'upper') await pod.replace('SIGINT');
  await load(pod);
  await pod.stop('SIGINT');
}

async function load(pod: Pod): Promise<void> {
  sql(
    pod,
    'CREATE TABLE IF NOT EXISTS item (id serial PRIMARY KEY, name text, at timestamptz DEFAULT now())',
  );
  for (let i = 1; i <= 2; i += 1) {
    sql(
      pod,
      `INSERT INTO item (name) SELECT 'item ' || n FROM generate_series(1, 3000) n;
       SELECT name, count(*) FROM item GROUP BY name ORDER BY 2, 1 LIMIT 3;
       UPDATE item SET name = name || '!' WHERE id % 7 = 0; DELETE FROM item WHERE id % 3 = 0;
       CREATE INDEX ON item (name); ANALYZE item; CREATE TEMP TABLE t AS SELECT * FROM item;
       SELECT at AT TIME ZONE 'America/New_York' FROM item LIMIT 1`,
    );
    pod.probe();
    await sleep(1000);
  }
  sql(pod, 'VACUUM FULL item');
  sql(pod, 'CHECKPOINT');
}

function sql(pod: Pod, statements: string): string {
  const { address } = pod.environment;
  return pod.network.run(
    ['psql', '-h', address, '-U', 'postgres', '-Atq', '-d', 'shop', '-f', '-'],
    statements,
  );
}
