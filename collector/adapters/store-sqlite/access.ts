import { type AccessStore, roles, type Scope, type TokenRow } from '../../ports/access.ts';
import { StoreError } from '../../ports.ts';
import type { TokenRecord } from './access-table.ts';
import type { DatabaseThread } from './thread.ts';

/** API tokens as the collector sees them: rows are read again, not believed. */
export class SqliteAccess implements AccessStore {
  readonly #thread: DatabaseThread;

  constructor(thread: DatabaseThread) {
    this.#thread = thread;
  }

  async token(id: string): Promise<TokenRow | undefined> {
    const record = await this.#thread.call('accessToken', id);
    return record === undefined ? undefined : rowOf(record);
  }

  async tokens(): Promise<readonly TokenRow[]> {
    return (await this.#thread.call('accessTokens')).map(rowOf);
  }

  addToken(row: TokenRow, most: number): Promise<'added' | 'too-many' | 'name-taken'> {
    return this.#thread.call('accessAdd', recordOf(row), most);
  }

  revokeToken(id: string, now: number): Promise<boolean> {
    return this.#thread.call('accessRevoke', id, now);
  }

  usedToken(id: string, day: number): Promise<void> {
    return this.#thread.call('accessUsed', id, day);
  }

  bootstrap(): Promise<string | undefined> {
    return this.#thread.call('accessBootstrap');
  }

  saveBootstrap(hash: string): Promise<void> {
    return this.#thread.call('accessSaveBootstrap', hash);
  }

  exchangeBootstrap(hash: string, row: TokenRow): Promise<boolean> {
    return this.#thread.call('accessExchange', hash, recordOf(row));
  }
}

function recordOf(row: TokenRow): TokenRecord {
  return {
    id: row.id,
    hash: row.hash,
    name: row.name,
    role: row.role,
    scope: JSON.stringify(row.scope),
    created_at_ms: row.createdAt,
    created_by: row.createdBy,
    reason: row.reason,
    expires_at_ms: row.expiresAt,
    last_used_ms: row.lastUsedDay,
    revoked_at_ms: row.revokedAt,
  };
}

function rowOf(record: TokenRecord): TokenRow {
  const role = roles.find((r) => r === record.role);
  if (role === undefined) throw damaged(record.id);
  return {
    id: record.id,
    hash: record.hash,
    name: record.name,
    role,
    scope: scopeOf(record),
    createdAt: record.created_at_ms,
    createdBy: record.created_by,
    reason: record.reason,
    expiresAt: record.expires_at_ms,
    lastUsedDay: record.last_used_ms,
    revokedAt: record.revoked_at_ms,
  };
}

/** A scope that cannot be read must not become an empty one, which means all. */
function scopeOf({ id, scope }: TokenRecord): Scope {
  const value: unknown = JSON.parse(scope);
  const list = (name: string): readonly string[] => {
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (!Array.isArray(found) || !found.every((v) => typeof v === 'string')) throw damaged(id);
    return found;
  };
  return { clusters: list('clusters'), namespaces: list('namespaces') };
}

function damaged(id: string): StoreError {
  return new StoreError('broken', `the row of the API token ${id} is damaged; revoke it and make a new one`);
}
