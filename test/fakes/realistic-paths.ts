/**
 * Paths as real software has them: databases, web servers, interpreters, Kubernetes, the kernel's own file systems, homes,
 * and the sensitive ones among them. Made from templates by a fixed seed, so that every run sees the same thousands.
 */

/** mulberry32. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const alphabets = {
  hex: '0123456789abcdef',
  lower: 'abcdefghijklmnopqrstuvwxyz',
  mixed: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  k8s: 'bcdfghjklmnpqrstvwxz2456789',
  b64: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-',
  ulid: '0123456789ABCDEFGHJKMNPQRSTVWXYZ',
} as const;

const words =
  `index app main cart order user login report export image photo invoice session cache data store temp state
 config settings core utils parser worker queue mail search catalog price product checkout payment stock shipping label
 admin audit event metric trace graph layout theme style font icon banner logo avatar upload thumb backup dump archive
 schema table lock journal segment snapshot chunk block meta manifest version current stable client server handler`
    .split(/\s+/)
    .filter((text) => text !== '');

/** What stands between braces in a template. */
type Draw = (random: () => number) => string;

const draws: Readonly<Record<string, Draw>> = {
  word,
  Word: (r) => word(r).replace(/^./, (c) => c.toUpperCase()),
  lower: of('lower', 1),
  n1: (r) => String(Math.floor(r() * 10)),
  n2: (r) => String(10 + Math.floor(r() * 90)),
  n3: (r) => String(100 + Math.floor(r() * 900)),
  n5: (r) => String(10_000 + Math.floor(r() * 90_000)),
  pid: (r) => String(1 + Math.floor(r() * 4_000_000)),
  zeros: (r) => String(Math.floor(r() * 1e9)).padStart(20, '0'),
  hex2: of('hex', 2),
  hex8: of('hex', 8),
  hex32: of('hex', 32),
  hex64: of('hex', 64),
  uuid: (r) => [8, 4, 4, 4, 12].map((n) => of('hex', n)(r)).join('-'),
  ulid: (r) => `01${of('ulid', 24)(r)}`,
  rand6: of('mixed', 6),
  rand8: of('lower', 8),
  b64: of('b64', 16),
  rs: (r) => `${of('k8s', 9)(r)}-${of('k8s', 5)(r)}`,
  date: (r) => `202${Math.floor(r() * 7)}-0${1 + Math.floor(r() * 9)}-${10 + Math.floor(r() * 18)}`,
  stamp: (r) =>
    `2026_0${1 + Math.floor(r() * 9)}_${10 + Math.floor(r() * 18)}_0${Math.floor(r() * 10)}_15_${10 + Math.floor(r() * 49)}.${Math.floor(r() * 1e9)}`,
  addr: (r) => `10.${Math.floor(r() * 255)}.${Math.floor(r() * 255)}.${1 + Math.floor(r() * 254)}`,
  lang: (r) => ['de', 'fr', 'en_GB', 'pt_BR', 'ja', 'zh_CN'][Math.floor(r() * 6)] ?? 'de',
};

function word(random: () => number): string {
  return words[Math.floor(random() * words.length)] ?? 'x';
}

function of(alphabet: keyof typeof alphabets, length: number): Draw {
  return (r) =>
    Array.from({ length }, () =>
      alphabets[alphabet].charAt(Math.floor(r() * alphabets[alphabet].length)),
    ).join('');
}

const ordinary = `
/proc/{pid}/stat
/proc/{pid}/task/{pid}/comm
/proc/{pid}/fd/{n2}
/proc/self/maps
/proc/self/status
/proc/sys/net/core/{word}
/proc/sys/vm/{word}
/proc/{word}
/sys/devices/system/cpu/cpu{n2}/cache/index{n1}/size
/sys/class/net/eth{n1}/statistics/rx_bytes
/sys/block/{word}/queue/{word}
/sys/fs/cgroup/kubepods/burstable/pod{uuid}/{hex64}/memory.max
/sys/fs/cgroup/system.slice/{word}.service/cpu.stat
/dev/shm/{word}.{n5}
/dev/pts/{n2}
/var/lib/postgresql/15/main/base/{n5}/{n5}
/var/lib/postgresql/15/main/base/{n5}/{n5}_fsm
/var/lib/postgresql/15/main/pg_wal/{hex8}{hex8}{hex8}
/var/lib/postgresql/15/main/pg_stat_tmp/{word}_{n3}.stat
/var/lib/postgresql/15/main/pgsql_tmp/pgsql_tmp{pid}.{n1}
/var/lib/mysql/{word}/{word}_{word}.ibd
/var/lib/mysql/binlog.{zeros}
/var/lib/redis/temp-{pid}.rdb
/var/lib/redis/appendonlydir/appendonly.aof.{n2}.incr.aof
/var/lib/mongodb/collection-{n2}-{pid}.wt
/var/lib/mongodb/journal/WiredTigerLog.{zeros}
/usr/share/elasticsearch/data/nodes/0/indices/{b64}/{n1}/index/_{n2}.cfs
/var/lib/kafka/{word}-{n1}/{zeros}.log
/prometheus/{ulid}/chunks/{zeros}
/prometheus/wal/{zeros}
/var/cache/nginx/{hex2}/{hex2}/{hex32}
/var/cache/nginx/client_temp/{zeros}
/var/log/nginx/{word}.log.{n2}.gz
/var/log/{word}/{word}-{date}.log
/var/log/containers/{word}-{rs}_shop_{word}-{hex64}.log
/srv/www/uploads/2026/{n2}/IMG_{n5}.jpg
/srv/www/uploads/{uuid}.{word}
/srv/www/static/{word}.{hex8}.js
/srv/www/static/{word}/{word}-{n3}x{n3}.png
/srv/app/node_modules/{word}-{word}/lib/{word}.js
/srv/app/node_modules/@{word}/{word}/package.json
/srv/app/dist/{word}/{Word}{Word}.js
/srv/app/__pycache__/{word}.cpython-311.pyc
/usr/lib/python3/dist-packages/{word}/{word}.py
/usr/lib/python3.11/{word}/{word}.py
/usr/lib/jvm/java-17-openjdk-amd64/lib/{word}.jar
/usr/lib/x86_64-linux-gnu/lib{word}.so.{n1}.{n2}
/usr/share/locale/{lang}/LC_MESSAGES/{word}.mo
/usr/share/zoneinfo/Europe/{Word}
/usr/share/{word}/{word}.conf
/etc/{word}.conf
/etc/{word}/conf.d/{n2}-{word}.conf
/etc/ssl/certs/{hex8}.0
/etc/config/..{stamp}/{word}.yaml
/etc/config/..data/{word}.yaml
/tmp/tmp.{rand6}{rand6}
/tmp/tmp{rand8}/{word}
/tmp/{word}-{rand6}/{word}.csv
/tmp/hsperfdata_{word}/{n5}
/tmp/npm-{pid}-{hex8}/{word}
/tmp/{uuid}.sock
/run/{word}.pid
/run/user/1000/{word}-{n1}
/run/lock/{word}.lock
/home/{word}/Documents/{word} {n1}.odt
/home/{word}/.cache/{word}/{hex64}
/home/{word}/.config/{word}/settings.json
/home/{word}/src/{word}/.git/objects/{hex2}/{hex32}{hex8}
/data/{word}/{date}/part-{zeros}.parquet
/data/{word}/{word}_{n3}.csv
/data/jobs/{uuid}/result.json
/data/by-peer/{addr}/{word}.state
/mnt/{word}/{Word}_{n2}.xml
/opt/{word}/bin/{word}
/opt/{word}/etc/{word}.properties
/var/lib/{word}/{word}.db-wal
/var/lib/kubelet/pods/{uuid}/volumes/kubernetes.io~empty-dir/{word}/{word}
/var/spool/{word}/{hex8}.eml
/var/tmp/{word}.{rand6}`;

const sensitive = `
/etc/shadow
/etc/gshadow-
/etc/sudoers.d/{word}
/etc/pam.d/{word}
/host{n1}/etc/shadow
/home/{word}/.ssh/id_ed25519
/home/{word}/.ssh/{word}_{n2}
/root/.aws/{word}
/home/{word}/.kube/{word}-{date}
/home/{word}/.docker/{word}.json
/home/{word}/.netrc
/home/{word}/.bash_history
/home/{word}/.{word}/../.pgpass
/srv/www/static/{word}-{n3}.key
/srv/www/uploads/{uuid}.key
/data/{word}/{word}_{n3}.p12
/data/{word}/{word}-private-key-{n2}.pem
/var/lib/{word}/{word}.keystore
/etc/ssl/private/{word}.pem
/etc/letsencrypt/archive/{word}.example/privkey{n1}.pem
/etc/ssh/ssh_host_{word}_key
/run/secrets/kubernetes.io/serviceaccount/{word}
/run/secrets/{word}-{hex8}
/run/secrets/..{stamp}/{word}
/var/lib/kubelet/pki/kubelet-client-{date}.pem
/var/lib/kubelet/pods/{uuid}/volumes/kubernetes.io~projected/kube-api-access-{rand8}/token
/etc/kubernetes/{word}.conf
/proc/{pid}/environ
/proc/{pid}/task/{pid}/mem
/proc/{pid}/root/etc/{word}
/proc/sys/kernel/core_pattern
/proc/sys/fs/binfmt_misc/{word}
/proc/kcore
/sys/kernel/debug/{word}/{word}
/sys/fs/bpf/{word}{n2}
/sys/fs/cgroup/{word}/release_agent
/dev/sd{lower}{n1}
/dev/nvme{n1}n1p{n1}
/dev/mapper/{word}-{word}
/etc/ld.so.conf.d/{word}.conf
/etc/cron.d/{word}
/var/spool/cron/crontabs/{word}
/etc/systemd/system/{word}.service
/etc/profile.d/{n2}-{word}.sh
/run/containerd/s/{hex64}.sock
/run/{word}/docker.sock`;

function filled(templates: string, perTemplate: number, seed: number): readonly string[] {
  const random = seeded(seed);
  const lines = templates.split('\n').filter((line) => line !== '');
  const paths = lines.flatMap((line) =>
    Array.from({ length: perTemplate }, () =>
      line.replace(/\{(\w+)\}/g, (_, name) => draws[name]?.(random) ?? name),
    ),
  );
  return [...new Set(paths)];
}

/** Some 6 500. */
export const ordinaryPaths = filled(ordinary, 90, 1);
/** Some 1 000, none of which an ordinary one equals. */
export const sensitivePaths = filled(sensitive, 30, 2);
