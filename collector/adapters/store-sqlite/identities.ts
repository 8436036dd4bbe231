import type {
  ClusterRow,
  IdentityStore,
  IssuedRow,
  JoinTokenRow,
  Redeemed,
  Redemption,
  Revocation,
} from '../../ports/identities.ts';
import { StoreError } from '../../ports.ts';
import type { DatabaseThread } from './thread.ts';

type Row = Readonly<Record<string, unknown>>;

/** Agent identity in the collector's database. */
export class Identities implements IdentityStore {
  readonly #thread: DatabaseThread;

  constructor(thread: DatabaseThread) {
    this.#thread = thread;
  }

  saveJoinToken(row: JoinTokenRow): Promise<void> {
    return this.#thread.call('identitySaveJoinToken', row);
  }

  redeem(redemption: Redemption): Promise<Redeemed> {
    return this.#thread.call('identityRedeem', redemption);
  }

  saveIssued(row: IssuedRow): Promise<void> {
    return this.#thread.call('identitySaveIssued', row);
  }

  async issued(limit: number): Promise<readonly IssuedRow[]> {
    return (await this.#thread.call('identityIssued', limit)).map((row) => ({
      serial: text(row, 'serial'),
      identity: identity(row),
      key: text(row, 'key'),
      issuedAt: time(row, 'issued_at_ms'),
      notAfter: time(row, 'not_after_ms'),
      how: howOf(text(row, 'how')),
    }));
  }

  async spoolOwner(agent: string): Promise<{ cluster: string; node: string } | undefined> {
    const row = await this.#thread.call('identitySpoolOwner', agent);
    return row === undefined ? undefined : { cluster: text(row, 'cluster'), node: text(row, 'node') };
  }

  saveRevocation(revocation: Revocation): Promise<void> {
    return this.#thread.call('identitySaveRevocation', revocation);
  }

  removeRevocation({ cluster, id }: { cluster: string; id: string }): Promise<void> {
    return this.#thread.call('identityRemoveRevocation', cluster, id);
  }

  async revocations(): Promise<readonly Revocation[]> {
    return (await this.#thread.call('identityRevocations')).map((row) => ({
      identity: identity(row),
      author: text(row, 'author'),
      reason: text(row, 'reason'),
      time: time(row, 'time_ms'),
    }));
  }

  saveCluster(row: ClusterRow): Promise<void> {
    return this.#thread.call('identitySaveCluster', row);
  }

  removeCluster(name: string): Promise<boolean> {
    return this.#thread.call('identityRemoveCluster', name);
  }

  async clusters(): Promise<readonly ClusterRow[]> {
    return (await this.#thread.call('identityClusters')).map((row) => ({
      cluster: {
        name: text(row, 'name'),
        audience: text(row, 'audience'),
        accounts: accountsOf(text(row, 'accounts')),
        proof: { by: 'keys', issuer: text(row, 'issuer'), jwks: text(row, 'jwks') },
      },
      author: text(row, 'author'),
      addedAt: time(row, 'added_at_ms'),
    }));
  }
}

function identity(row: Row): IssuedRow['identity'] {
  return { cluster: text(row, 'cluster'), id: text(row, 'id'), node: text(row, 'node') };
}

function howOf(said: string): IssuedRow['how'] {
  const how = (['join-token', 'kubernetes', 'renewal'] as const).find((h) => h === said);
  return how ?? broken('how');
}

function accountsOf(json: string): readonly string[] {
  const parsed: unknown = JSON.parse(json);
  if (!Array.isArray(parsed) || !parsed.every((a) => typeof a === 'string')) return broken('accounts');
  return parsed;
}

function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : broken(column);
}

function time(row: Row, column: string): number {
  const value = row[column];
  return typeof value === 'number' ? value : broken(column);
}

function broken(column: string): never {
  throw new StoreError('broken', `the database holds something else than it was given in ${column}`);
}
