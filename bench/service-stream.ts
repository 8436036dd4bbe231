import { fieldTag, recordType } from '../agent/core/normalise/sensor-record.ts';
import { dnsMessage, list, path, type RecordToWrite, SensorWriter, text, type Who } from './sensor-writer.ts';
import { seededRandom } from './statistics.ts';

/**
 * A service under load as the sensor would tell it: of its records 80 % opens, 10 % the lives of helper programs (fork,
 * exec, what they open and load, exit), 10 % connects. Deterministic; a round only moves time and pids on.
 */
const cgroup = 4242;
const runtime = { pid: 900, start: 1_000_000_000, parent: { pid: 1, start: 0 }, cgroup: 1 };
const server: Who = { pid: 1000, start: 2_000_000_000, parent: runtime, cgroup };
/** 2026-01-01, so that times are of today's size. */
const epochOffsetNs = 1_767_225_600_000_000_000;
const hooks = [
  'sched_process_exec',
  'sys_exit',
  'sys_map',
  'sys_open',
  'sys_file',
  'sys_net',
  'inet_sock_set_state',
  'sys_dns',
  'sys_privilege',
];
const fact = { regular: 8 << 12, rootMount: 1, overlay: 2 };
const imageFile = fact.regular | fact.rootMount | fact.overlay;
const volumeFile = fact.regular;
const database = [10, 96, 0, 10];

/** The container comes up: its cgroup, its first process, its start-up. */
export function startOfService(): Uint8Array {
  const writer = new SensorWriter();
  const host: Who = { ...runtime };
  writer.write(1_000_000_000, {
    type: recordType.hello,
    who: { ...host, pid: 0, start: 0 },
    a: epochOffsetNs,
    fields: hooks.map((name) => [fieldTag.hook, text(`\x01${name}`)] as const),
  });
  writer.write(2_000_000_000, {
    type: recordType.cgroup,
    who: host,
    a: 1,
    b: cgroup,
    fields: [[fieldTag.text, text(`/bench/cart`)]],
  });
  writer.write(2_000_000_100, { type: recordType.fork, who: host, a: server.pid, b: server.start, c: 1 });
  writer.write(2_000_000_200, {
    type: recordType.attach,
    who: { ...server, cgroup: 1 },
    a: cgroup,
    fields: [[fieldTag.text, text(`/bench/cart`)]],
  });
  writer.write(2_000_000_300, execRecord(server, '/usr/local/bin/node', ['node', '/srv/app/main.js']));
  writer.write(2_000_000_400, dnsRecord(dnsMessage('db.shop.svc.cluster.local')));
  writer.write(2_000_000_500, dnsRecord(dnsMessage('db.shop.svc.cluster.local', database), 1));
  return writer.bytes();
}

/** A helper's life is six records: this chance per turn makes them a tenth of all. */
const helperShare = 0.1 / 5.5;
const connectShare = 0.1 * (1 + 5 * helperShare);

/** `acts` records of what the service does, the same sequence of names in every round. */
export function roundOfService(round: number, acts: number): Uint8Array {
  const writer = new SensorWriter();
  const random = seededRandom(7);
  let time = 3_000_000_000 + round * acts * 20_000;
  for (let i = 0; i < acts; i++) {
    time += 20_000;
    const dice = random();
    if (dice < helperShare) i += helper(writer, time, round * acts + i) - 1;
    else writer.write(time, dice < helperShare + connectShare ? connectRecord() : openRecord(random));
  }
  return writer.bytes();
}

/** Skewed as real accesses are: few files most of the time, many rarely. */
function openRecord(random: () => number): RecordToWrite {
  const rank = Math.floor(2000 ** random());
  const kind = rank % 10;
  if (kind === 0) return file(`/proc/${server.pid}/stat`, volumeFile);
  if (kind < 3)
    return file(`/var/lib/cart/blobs/${word(rank)}.json`, volumeFile, kind === 1 ? 0o100001 : 0o100000);
  return file(`/srv/app/node_modules/${word(rank)}/lib/index.js`, imageFile);
}

function file(name: string, facts: number, flags = 0o100000): RecordToWrite {
  return {
    type: recordType.open,
    who: server,
    facts,
    a: flags,
    b: flags,
    fields: [[fieldTag.path, path(name)]],
  };
}

function connectRecord(): RecordToWrite {
  return {
    type: recordType.connect,
    who: server,
    a: 1,
    b: 5432,
    fields: [[fieldTag.address, Uint8Array.from(database)]],
  };
}

function dnsRecord(payload: Uint8Array, isAnswer = 0): RecordToWrite {
  const resolver = [fieldTag.address, Uint8Array.of(10, 96, 0, 2)] as const;
  return {
    type: recordType.dns,
    who: server,
    a: 2,
    b: 53,
    c: isAnswer,
    fields: [resolver, [fieldTag.payload, payload]],
  };
}

/** A helper program, run to its end. @returns how many records it took. */
function helper(writer: SensorWriter, time: number, serial: number): number {
  const who: Who = { pid: 2000 + (serial % 30_000), start: time, parent: server, cgroup };
  const libc = '/usr/lib/x86_64-linux-gnu/libc.so.6';
  writer.write(time, { type: recordType.fork, who: server, a: who.pid, b: who.start, c: cgroup });
  writer.write(time + 1_000, execRecord(who, '/usr/bin/convert', ['convert', '-resize', '200x', '-', '-']));
  writer.write(time + 2_000, { ...file('/etc/ld.so.cache', imageFile), who });
  writer.write(time + 3_000, { ...file(libc, imageFile), who });
  writer.write(time + 4_000, {
    type: recordType.load,
    who,
    facts: imageFile,
    fields: [[fieldTag.path, path(libc)]],
  });
  writer.write(time + 9_000, { type: recordType.exit, who });
  return 6;
}

function execRecord(who: Who, exe: string, args: readonly string[]): RecordToWrite {
  return {
    type: recordType.exec,
    who,
    facts: imageFile,
    fields: [
      [fieldTag.path, path(exe)],
      [fieldTag.cwd, path('/srv')],
      [fieldTag.base, path('/')],
      [fieldTag.name, text(exe)],
      [fieldTag.args, list(args)],
    ],
  };
}

/** Letters only, so that names stay names. */
function word(i: number): string {
  let out = '';
  for (let rest = i + 1; rest > 0; rest = Math.floor(rest / 21)) out += 'bcdfghjklmnpqrstvwxyz'[rest % 21];
  return `${out}a`;
}
