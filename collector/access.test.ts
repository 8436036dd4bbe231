import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Access } from './access.ts';
import { bootstrapFile } from './adapters/keys/bootstrap-file.ts';
import { SqliteStore } from './adapters/store-sqlite.ts';
import type { NewToken } from './ports/api.ts';

/** With the real store: that a token is good once is a promise of its transactions. */
let dir: string;
let store: SqliteStore;
let access: Access;
let now: number;
let recorded: { type: string; author: string; about?: string; reason?: string }[];
const day = 86_400_000;
const why = { author: 'ada', reason: 'CHG-1' };
const viewer: NewToken = { name: 'ci', role: 'viewer', scope: { clusters: [], namespaces: ['shop'] } };

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-access-'));
  store = await SqliteStore.open(join(dir, 'whorl.db'));
  now = Date.UTC(2026, 0, 2, 3);
  recorded = [];
  access = new Access({
    store: store.access,
    file: bootstrapFile(dir),
    audit: { record: async (entry) => recorded.push(entry) },
    random: (length) => randomBytes(length),
    now: () => now,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const bootstrapToken = () => readFileSync(join(dir, 'bootstrap-token'), 'utf8').trim();

describe('an API token', () => {
  it('stands for its holder, with role and scope, and only its hash is kept', async () => {
    const { token, info } = await access.createToken(viewer, why);
    const caller = await access.authenticate(token);
    expect(caller).toMatchObject({ name: 'ci', role: 'viewer', seesAll: false });
    expect(caller?.sees({ cluster: 'eu', namespace: 'shop' })).toBe(true);
    expect(caller?.sees({ cluster: 'eu', namespace: 'pay' })).toBe(false);
    expect(caller?.may('analyst')).toBe(false);
    expect(info).toMatchObject({ createdBy: 'ada', reason: 'CHG-1', expiresAt: now + 90 * day });
    expect(JSON.stringify(await store.access.tokens())).not.toContain(token.split('_')[2]);
    expect(JSON.stringify(await access.tokens())).not.toContain('hash');
    expect(recorded).toMatchObject([{ type: 'token-made', author: 'ada', about: info.id, reason: 'CHG-1' }]);
  });

  it('ends when it says, and when somebody revokes it', async () => {
    const { token, info } = await access.createToken({ ...viewer, expiresAt: now + day }, why);
    now += day - 1;
    expect(await access.authenticate(token)).toBeDefined();
    now += 1;
    expect(await access.authenticate(token)).toBeUndefined();
    now -= 10;
    expect(await access.revokeToken(info.id, { author: 'grace', reason: 'lost' })).toBe(true);
    expect(await access.authenticate(token)).toBeUndefined();
    expect(await access.revokeToken(info.id, why)).toBe(false);
    expect(recorded.at(-1)).toMatchObject({ type: 'token-revoked', author: 'grace', reason: 'lost' });
    expect(recorded).toHaveLength(2);
  });

  it('notes its last use, once a day', async () => {
    const { token } = await access.createToken(viewer, why);
    await access.authenticate(token);
    await expect.poll(async () => (await access.tokens())[0]?.lastUsedDay).toBe(Date.UTC(2026, 0, 2));
    now += 3 * 3_600_000;
    await access.authenticate(token);
    now += day;
    await access.authenticate(token);
    await expect.poll(async () => (await access.tokens())[0]?.lastUsedDay).toBe(Date.UTC(2026, 0, 3));
  });

  it('of the right id and another secret is none', async () => {
    const { token } = await access.createToken(viewer, why);
    const other = (await access.createToken({ ...viewer, name: 'cd' }, why)).token;
    const forged = token.split('_').with(2, other.split('_')[2] ?? '');
    expect(await access.authenticate(forged.join('_'))).toBeUndefined();
  });

  it.each([
    ['that ends in the past', { expiresAt: -1 }, 'expires'],
    ['that ends now', { expiresAt: 0 }, 'expires'],
    ['for more than a year', { expiresAt: 366 * day }, 'expires'],
  ])('%s is refused', async (_name, { expiresAt }, code) => {
    await expect(access.createToken({ ...viewer, expiresAt: now + expiresAt }, why)).rejects.toMatchObject({
      code,
    });
  });

  it('has a name of its own while it is good: what is done is told by name', async () => {
    const { info } = await access.createToken(viewer, why);
    await expect(access.createToken(viewer, why)).rejects.toMatchObject({ code: 'name-taken' });
    await access.revokeToken(info.id, why);
    await expect(access.createToken(viewer, why)).resolves.toBeDefined();
  });
});

describe('the bootstrap token', () => {
  it('waits in a file of 0600, is good once, and leaves an administrator', async () => {
    const file = await access.prepare();
    expect(statSync(file ?? '').mode & 0o777).toBe(0o600);
    const token = bootstrapToken();
    expect(await access.authenticate(token)).toBeUndefined();
    const made = await access.bootstrap(token, 'ada');
    expect(await access.authenticate(made?.token ?? '')).toMatchObject({
      name: 'ada',
      role: 'admin',
      seesAll: true,
    });
    expect(existsSync(file ?? '')).toBe(false);
    expect(await access.bootstrap(token, 'eve')).toBeUndefined();
    expect(await access.prepare()).toBeUndefined();
    expect(recorded).toMatchObject([{ type: 'bootstrap-used' }]);
  });

  it('lets one in when two come at once', async () => {
    await access.prepare();
    const token = bootstrapToken();
    const both = await Promise.all([access.bootstrap(token, 'ada'), access.bootstrap(token, 'eve')]);
    expect(both.filter((made) => made !== undefined)).toHaveLength(1);
    expect(await access.tokens()).toHaveLength(1);
  });

  it('stays the same over a restart, and is made anew when its file is gone', async () => {
    await access.prepare();
    const first = bootstrapToken();
    await access.prepare();
    expect(bootstrapToken()).toBe(first);
    rmSync(join(dir, 'bootstrap-token'));
    await access.prepare();
    expect(bootstrapToken()).not.toBe(first);
    expect(await access.bootstrap(first, 'eve')).toBeUndefined();
    expect(await access.bootstrap(bootstrapToken(), 'ada')).toBeDefined();
  });

  it('is made again when the last administrator was revoked: whoever reads that file owns the machine anyway', async () => {
    await access.prepare();
    const made = await access.bootstrap(bootstrapToken(), 'ada');
    await access.revokeToken(made?.info.id ?? '', why);
    expect(await access.prepare()).toBeDefined();
  });
});
