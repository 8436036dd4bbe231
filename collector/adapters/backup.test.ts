import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reportBytes } from '../../fingerprint/report-json.ts';
import { aGap, aNovelty } from '../../test/fakes/reports.ts';
import type { AgentHello, ReadRecord } from '../ports.ts';
import { type RestoreRequest, restoreBackup } from './backup/restore.ts';
import { writeBackup } from './backup/write.ts';
import { SqliteStore } from './store-sqlite.ts';

const hello: AgentHello = {
  agent: 'a1',
  node: 'node-1',
  cluster: 'local',
  session: 's1',
  version: '1',
  source: 'sensor',
  coverage: ['exec'],
  acked: 0,
};
const records = (from: number, to: number): ReadRecord[] =>
  Array.from({ length: to - from + 1 }, (_, i) => {
    const report = (from + i) % 2 === 0 ? aGap : aNovelty(from + i);
    return { seq: from + i, report, json: Buffer.from(reportBytes(report)).toString() };
  });

let dir: string;
let out: string;
let store: SqliteStore;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-backup-'));
  mkdirSync(join(dir, 'tls'));
  out = join(dir, '..', `${dir.split('/').at(-1)}.tar`);
  store = await SqliteStore.open(join(dir, 'whorl.db'));
  await store.openAgent(hello, 1);
  await store.nodes.epoch();
});
afterEach(async () => {
  await store.close().catch(() => undefined);
  rmSync(dir, { recursive: true });
  rmSync(out, { force: true });
});

const backup = (withKeys = false) =>
  writeBackup({ out, dir, withKeys, copyTo: (file) => store.copyTo(file), now: 1_000, release: '9.9.9' });
const restoring = (over: Partial<RestoreRequest> = {}) =>
  restoreBackup({
    file: out,
    dir,
    withKeys: false,
    reason: 'the disk was lost',
    author: 'local:test',
    dryRun: false,
    now: 1_800_000_000_000,
    maxSchema: 3,
    ...over,
  });
const damage = (change: (bytes: Buffer) => Buffer): void => writeFileSync(out, change(readFileSync(out)));

describe('a backup', () => {
  it('is one file for its owner alone, of one moment, while records go on coming', async () => {
    await store.ingest({ hello, records: records(1, 100) }, 2);
    const going = [backup(), store.ingest({ hello, records: records(101, 200) }, 3)] as const;
    const [made] = await Promise.all(going);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(made.manifest).toMatchObject({ schema: 3, release: '9.9.9', epoch: await store.nodes.epoch() });
    await store.close();
    await restoring();
    store = await SqliteStore.open(join(dir, 'whorl.db'));
    // All of a commit or nothing of it.
    expect([100, 200]).toContain(await store.openAgent(hello, 4));
  });

  it('replaces no file, and leaves nothing behind where it cannot be written', async () => {
    await backup();
    await expect(backup()).rejects.toMatchObject({ code: 'exists' });
    rmSync(out);
    out = join(dir, 'nowhere', 'x.tar');
    await expect(backup()).rejects.toMatchObject({ name: 'BackupError', code: 'unwritable' });
  });

  it('holds keys only when they are asked for', async () => {
    writeFileSync(join(dir, 'command.key'), 'secret', { mode: 0o600 });
    writeFileSync(join(dir, 'tls', 'ca.pem'), 'public');
    expect((await backup()).manifest.files.map((f) => f.name)).toEqual(['whorl.db']);
    rmSync(out);
    const { manifest } = await backup(true);
    expect(manifest.files.map((f) => f.name)).toEqual(['whorl.db', 'keys/command.key', 'keys/tls/ca.pem']);
    await store.close();
    writeFileSync(join(dir, 'command.key'), 'another');
    await restoring({ withKeys: true });
    expect(readFileSync(join(dir, 'command.key'), 'utf8')).toBe('secret');
    expect(readFileSync(join(dir, 'command.key.before-restore-1800000000000'), 'utf8')).toBe('another');
  });
});

describe('restoring a backup', () => {
  it('begins another epoch, keeps what was there, and says how much each agent lacks', async () => {
    await store.ingest({ hello, records: records(1, 10) }, 2);
    await backup();
    const before = await store.nodes.epoch();
    await store.ingest({ hello, records: records(11, 30) }, 3);
    await store.close();
    const restored = await restoring();
    const { before: aside = '' } = restored;
    expect(new Sqlite(aside, { readonly: true }).prepare('SELECT stored FROM agents').pluck().get()).toBe(30);

    store = await SqliteStore.open(join(dir, 'whorl.db'));
    expect(await store.nodes.epoch()).toBe(restored.epoch);
    expect(restored.epoch).not.toBe(before);
    expect(JSON.parse((await store.setting('restored')) ?? '')).toMatchObject({
      reason: 'the disk was lost',
      author: 'local:test',
      before,
    });
    const back = { ...hello, acked: 30, epoch: before };
    expect(await store.nodes.meet(back)).toEqual({ kind: 'restored', lost: 20 });
    expect(await store.openAgent(back, 5)).toBe(10);
    // Counted once, whether its stream comes back under the old epoch or the new one.
    expect(await store.nodes.meet(back)).toEqual({ kind: 'as-before', lost: 0 });
    expect(await store.nodes.meet({ ...back, epoch: restored.epoch ?? '' })).toEqual({
      kind: 'as-before',
      lost: 0,
    });
    // What comes next is no gap, also from an agent of version 1 that has forgotten what it was acknowledged.
    expect(await store.ingest({ hello: { ...hello, acked: 0 }, records: records(31, 32) }, 6)).toMatchObject({
      missing: 0,
      stored: 32,
    });
    expect(await store.nodes.losses()).toMatchObject([{ agent: 'a1', restored: 20 }]);
  });

  it('ends join tokens, which may have been redeemed meanwhile, and takes every node for one that was changed', async () => {
    const node = { software: { version: '1', source: 'sensor' }, changedAt: 5 };
    await store.brakes.nodes.save('a1', 'local', 'node-1', node, 5);
    const expiresAt = 1_800_000_500_000;
    const token = { id: 'j1', secret: 'ab'.repeat(32), replaces: false, author: 'ada', madeAt: 5, expiresAt };
    await store.identities.saveJoinToken(token);
    await backup();
    await store.close();
    await restoring();
    store = await SqliteStore.open(join(dir, 'whorl.db'));
    expect(await store.brakes.nodes.of('a1', 'local', 'node-1')).toMatchObject({
      changedAt: 1_800_000_000_000,
    });
    const redeemed = await store.identities.redeem({
      id: 'j1',
      secret: 'ab'.repeat(32),
      cluster: 'local',
      node: 'node-1',
      key: 'k',
      now: 1_800_000_000_001,
    });
    expect(redeemed).toBe('token-expired');
  });

  it('is told as an alarm when nobody restored and the records are gone all the same', async () => {
    const epoch = await store.nodes.epoch();
    await store.ingest({ hello, records: records(1, 10) }, 2);
    expect(await store.nodes.meet({ ...hello, acked: 30, epoch })).toEqual({ kind: 'rolled-back', lost: 20 });
  });

  it('is refused while a collector runs on the database', async () => {
    await backup();
    await expect(restoring()).rejects.toMatchObject({ code: 'running' });
    await store.ingest({ hello, records: records(1, 1) }, 2);
  });

  it('is tried out while a collector runs, which is said', async () => {
    await backup();
    expect(await restoring({ dryRun: true })).toMatchObject({ isRunning: true });
    await store.ingest({ hello, records: records(1, 1) }, 2);
  });

  it('changes nothing in a dry run', async () => {
    await backup();
    await store.close();
    const before = readdirSync(dir);
    const { manifest, isRunning } = await restoring({ dryRun: true });
    expect([manifest.release, isRunning]).toEqual(['9.9.9', undefined]);
    expect(readdirSync(dir)).toEqual(before);
  });

  it('takes the place of a database that is damaged, which is why people restore', async () => {
    await store.ingest({ hello, records: records(1, 10) }, 2);
    await backup();
    await store.close();
    writeFileSync(join(dir, 'whorl.db'), 'no database at all'.repeat(1000));
    await restoring();
    store = await SqliteStore.open(join(dir, 'whorl.db'));
    expect(await store.openAgent(hello, 3)).toBe(10);
  });

  it.each<[string, () => void, RegExp, Partial<RestoreRequest>?]>([
    ['is not there', () => rmSync(out), /there is no such file/],
    ['is something else', () => writeFileSync(out, 'hello'.repeat(1000)), /no backup that whorl made/],
    ['is empty', () => truncateSync(out, 0), /no backup that whorl made/],
    ['is cut off', () => damage((b) => b.subarray(0, b.length / 2)), /damaged/],
    [
      'has one wrong byte in its database',
      () =>
        damage((b) => {
          const at = b.length - 20_000;
          b.writeUInt8(b.readUInt8(at) ^ 1, at);
          return b;
        }),
      /damaged/,
    ],
    [
      'was made by a newer release',
      () => undefined,
      /newer release .*9\.9\.9: schema 3, this one reads up to 2/,
      { maxSchema: 2 },
    ],
    [
      'names a file outside the directory',
      () => damage((b) => Buffer.from(b.toString('latin1').replace('"whorl.db"', '"../x.db"'), 'latin1')),
      /no backup that whorl made/,
    ],
  ])('is refused, and nothing is changed, when the file %s', async (_name, spoil, sentence, over) => {
    await store.ingest({ hello, records: records(1, 10) }, 2);
    await backup();
    await store.close();
    spoil();
    const before = readdirSync(dir);
    await expect(restoring(over)).rejects.toThrow(sentence);
    expect(readdirSync(dir)).toEqual(before);
    store = await SqliteStore.open(join(dir, 'whorl.db'));
    expect(await store.openAgent(hello, 3)).toBe(10);
  });
});
