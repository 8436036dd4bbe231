import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IssuedRow, JoinTokenRow, Redemption } from '../../ports/identities.ts';
import { SqliteStore } from '../store-sqlite.ts';

let dir: string;
let store: SqliteStore;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-identities-'));
  store = await SqliteStore.open(join(dir, 'whorl.db'));
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const minute = 60_000;
const [secret, wrong] = ['a'.repeat(64), 'b'.repeat(64)];
const token = (over: Partial<JoinTokenRow> = {}): JoinTokenRow => ({
  id: 't',
  secret,
  replaces: false,
  author: 'ada',
  madeAt: 0,
  expiresAt: 60 * minute,
  ...over,
});
const asked = (over: Partial<Redemption> = {}): Redemption => ({
  id: 't',
  secret,
  cluster: 'c',
  node: 'n',
  key: 'k1',
  now: minute,
  ...over,
});
const issued = (over: Partial<IssuedRow> = {}): IssuedRow => ({
  serial: 's1',
  identity: { cluster: 'c', id: 'n', node: 'n' },
  key: 'k1',
  issuedAt: 1,
  notAfter: 1000 * minute,
  how: 'join-token',
  ...over,
});

describe('a join token', () => {
  it.each<[string, Partial<JoinTokenRow>, Partial<Redemption>, string]>([
    ['for anybody', {}, {}, 'redeemed'],
    ['that does not exist', {}, { id: 'x' }, 'token-unknown'],
    ['with another secret', {}, { secret: wrong }, 'token-unknown'],
    ['at its end', {}, { now: 60 * minute }, 'token-expired'],
    ['for another cluster', { cluster: 'd' }, {}, 'cluster-mismatch'],
    ['for another node', { node: 'm' }, {}, 'node-mismatch'],
    ['for this node', { cluster: 'c', node: 'n' }, {}, 'redeemed'],
  ])('%s', async (_name, made, over, answer) => {
    await store.identities.saveJoinToken(token(made));
    expect(await store.identities.redeem(asked(over))).toBe(answer);
  });

  it('lets in one of many who come at once', async () => {
    await store.identities.saveJoinToken(token());
    const keys = Array.from({ length: 20 }, (_, n) => `key-${n}`);
    const answers = await Promise.all(keys.map((key) => store.identities.redeem(asked({ key }))));
    expect(answers.filter((a) => a === 'redeemed')).toHaveLength(1);
    expect(answers.filter((a) => a === 'token-used')).toHaveLength(19);
  });

  it('may be shown again for ten minutes by whose answer was lost: same key, same name', async () => {
    await store.identities.saveJoinToken(token());
    const again = (over: Partial<Redemption>) => store.identities.redeem(asked(over));
    expect(await again({})).toBe('redeemed');
    expect(await again({ now: 11 * minute })).toBe('redeemed');
    expect(await again({ now: 11 * minute + 1 })).toBe('token-used');
    expect(await again({ key: 'k2' })).toBe('token-used');
    expect(await again({ node: 'm' })).toBe('token-used');
  });

  it.each<[string, Partial<JoinTokenRow>, Partial<IssuedRow>, string]>([
    ['does not let in a second machine of a name', {}, { key: 'k2' }, 'node-taken'],
    ['lets in the same machine', {}, {}, 'redeemed'],
    ['lets in whom the name belonged to until lately', {}, { key: 'k2', notAfter: 1 }, 'redeemed'],
    ['lets in another where a person meant that', { replaces: true }, { key: 'k2' }, 'redeemed'],
  ])('%s', async (_name, made, row, answer) => {
    await store.identities.saveIssued(issued(row));
    await store.identities.saveJoinToken(token(made));
    expect(await store.identities.redeem(asked())).toBe(answer);
  });
});

describe('what is remembered of agents', () => {
  it('is the latest certificate of each, newest first', async () => {
    const other = { cluster: 'c', id: 'm', node: 'm' };
    await store.identities.saveIssued(issued());
    await store.identities.saveIssued(issued({ serial: 's2', issuedAt: 2, how: 'renewal' }));
    await store.identities.saveIssued(
      issued({ serial: 's3', issuedAt: 3, identity: other, how: 'kubernetes' }),
    );
    expect((await store.identities.issued(10)).map((row) => row.serial)).toEqual(['s3', 's2']);
    expect((await store.identities.issued(1)).map((row) => row.identity)).toEqual([other]);
  });

  it('is forgotten when it ended long ago', async () => {
    await store.identities.saveIssued(issued({ notAfter: 1 }));
    await store.identities.saveIssued(
      issued({ serial: 's2', issuedAt: 91 * 24 * 60 * minute, notAfter: 92 * 24 * 60 * minute }),
    );
    expect((await store.identities.issued(10)).map((row) => row.serial)).toEqual(['s2']);
  });

  it('is who was shut out, by whom and why, until it is taken back', async () => {
    const identity = { cluster: 'c', id: 'uid', node: 'n' };
    const revocation = { identity, author: 'ada', reason: 'stolen', time: 7 };
    await store.identities.saveRevocation(revocation);
    await store.identities.saveRevocation({ ...revocation, reason: 'again' });
    expect(await store.identities.revocations()).toEqual([revocation]);
    await store.identities.removeRevocation(identity);
    expect(await store.identities.revocations()).toEqual([]);
  });

  it('is which node a spool belongs to', async () => {
    const hello = { agent: 'a', node: 'n', cluster: 'c', session: 's', version: '1', source: 'x', acked: 0 };
    await store.openAgent({ ...hello, coverage: [] }, 1);
    expect(await store.identities.spoolOwner('a')).toEqual({ cluster: 'c', node: 'n' });
    expect(await store.identities.spoolOwner('b')).toBeUndefined();
  });

  it('is which clusters were added, the last word on each', async () => {
    const proof = { by: 'keys', issuer: 'https://issuer', jwks: '{"keys":[]}' } as const;
    const row = {
      cluster: { name: 'prod', audience: 'whorl-collector', accounts: ['a/b'], proof },
      author: 'ada',
      addedAt: 1,
    };
    await store.identities.saveCluster(row);
    await store.identities.saveCluster({ ...row, author: 'bob' });
    expect(await store.identities.clusters()).toEqual([{ ...row, author: 'bob' }]);
    expect([
      await store.identities.removeCluster('prod'),
      await store.identities.removeCluster('prod'),
    ]).toEqual([true, false]);
  });
});

describe('the schema of identities', () => {
  it('is the same in a file that was brought up as in a fresh one', async () => {
    const old = join(dir, 'old.db');
    const before = new Sqlite(old);
    before.exec(readFileSync('test/fixtures/store/schema-v1.sql', 'utf8'));
    before.pragma('user_version = 1');
    before.close();
    await (await SqliteStore.open(old)).close();
    await store.close();
    const tables = ['join_tokens', 'clusters', 'agent_certificates', 'revocations'];
    const [migrated, fresh] = [old, join(dir, 'whorl.db')].map((file) => {
      const db = new Sqlite(file, { readonly: true });
      const rows = db
        .prepare<[], { tbl_name: string; sql: string | null }>('SELECT tbl_name, sql FROM sqlite_schema')
        .all();
      db.close();
      return rows.filter((row) => tables.includes(row.tbl_name));
    });
    expect(migrated).toEqual(fresh);
    expect(fresh?.length).toBeGreaterThan(4);
    store = await SqliteStore.open(join(dir, 'whorl.db'));
  });
});
