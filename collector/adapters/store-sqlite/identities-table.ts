import { timingSafeEqual } from 'node:crypto';
import type Sqlite from 'better-sqlite3';
import type {
  ClusterRow,
  IssuedRow,
  JoinTokenRow,
  Redeemed,
  Redemption,
  Revocation,
} from '../../ports/identities.ts';

/** An agent whose answer was lost asks again with the same key; longer than any time-out, shorter than a shift. */
const againMs = 10 * 60_000;
/** Kept for the list of agents and for the days of grace; older ones say nothing any more. */
const keepMs = 90 * 86_400_000;

type Row = Readonly<Record<string, unknown>>;

/** Join tokens, certificates, revocations and clusters, for the database's thread. */
export function identityOperations(db: Sqlite.Database) {
  return {
    identitySaveJoinToken: (row: JoinTokenRow) => {
      db.prepare(
        `INSERT INTO join_tokens (id, secret, cluster, node, replaces, author, made_at_ms, expires_at_ms)
         VALUES (@id, @secret, @cluster, @node, @replaces, @author, @madeAt, @expiresAt)`,
      ).run({
        ...row,
        cluster: row.cluster ?? null,
        node: row.node ?? null,
        replaces: row.replaces ? 1 : 0,
      });
      db.prepare('DELETE FROM join_tokens WHERE expires_at_ms < ?').run(row.madeAt - keepMs);
    },
    // IMMEDIATE: who reads that it is unused is who uses it.
    identityRedeem: (redemption: Redemption) => db.transaction(() => redeem(db, redemption)).immediate(),
    identitySaveIssued: (row: IssuedRow) => {
      const { identity, ...rest } = row;
      db.prepare(
        `INSERT INTO agent_certificates (serial, cluster, id, node, key, how, issued_at_ms, not_after_ms)
         VALUES (@serial, @cluster, @id, @node, @key, @how, @issuedAt, @notAfter)`,
      ).run({ ...identity, ...rest });
      db.prepare('DELETE FROM agent_certificates WHERE not_after_ms < ?').run(row.issuedAt - keepMs);
    },
    identityIssued: (limit: number): Row[] =>
      db
        .prepare<[number], Row>(
          `SELECT *, max(issued_at_ms) FROM agent_certificates GROUP BY cluster, id
           ORDER BY issued_at_ms DESC LIMIT ?`,
        )
        .all(limit),
    identitySpoolOwner: (agent: string): Row | undefined =>
      db.prepare<[string], Row>('SELECT cluster, node FROM agents WHERE id = ?').get(agent),
    identitySaveRevocation: ({ identity, ...rest }: Revocation) => {
      db.prepare(
        `INSERT INTO revocations (cluster, id, node, author, reason, time_ms)
         VALUES (@cluster, @id, @node, @author, @reason, @time) ON CONFLICT DO NOTHING`,
      ).run({ ...identity, ...rest });
    },
    identityRemoveRevocation: (cluster: string, id: string) => {
      db.prepare('DELETE FROM revocations WHERE cluster = ? AND id = ?').run(cluster, id);
    },
    identityRevocations: (): Row[] => db.prepare<[], Row>('SELECT * FROM revocations').all(),
    identitySaveCluster: ({ cluster, author, addedAt }: ClusterRow) => {
      const { name, audience, accounts, proof } = cluster;
      db.prepare(
        `INSERT INTO clusters (name, issuer, audience, accounts, jwks, author, added_at_ms)
         VALUES (@name, @issuer, @audience, @accounts, @jwks, @author, @addedAt)
         ON CONFLICT (name) DO UPDATE SET issuer = excluded.issuer, audience = excluded.audience,
           accounts = excluded.accounts, jwks = excluded.jwks, author = excluded.author,
           added_at_ms = excluded.added_at_ms`,
      ).run({ ...proof, name, audience, accounts: JSON.stringify(accounts), author, addedAt });
    },
    identityRemoveCluster: (name: string) =>
      db.prepare('DELETE FROM clusters WHERE name = ?').run(name).changes > 0,
    identityClusters: (): Row[] => db.prepare<[], Row>('SELECT * FROM clusters ORDER BY name').all(),
  };
}

function redeem(db: Sqlite.Database, r: Redemption): Redeemed {
  const row = db.prepare<[string], Row>('SELECT * FROM join_tokens WHERE id = ?').get(r.id);
  // Compared also where there is no such token: the time taken tells nothing of which ids exist.
  const kept = Buffer.from(typeof row?.secret === 'string' ? row.secret : '0'.repeat(64));
  const isSecret = timingSafeEqual(kept, Buffer.from(r.secret));
  if (row === undefined || !isSecret) return 'token-unknown';
  const madeFor = JSON.stringify([r.cluster, r.node]);
  if (row.used_at_ms !== null) {
    const isAgain =
      row.used_key === r.key && row.used_for === madeFor && r.now - Number(row.used_at_ms) <= againMs;
    return isAgain ? 'redeemed' : 'token-used';
  }
  if (Number(row.expires_at_ms) <= r.now) return 'token-expired';
  if (row.cluster !== null && row.cluster !== r.cluster) return 'cluster-mismatch';
  if (row.node !== null && row.node !== r.node) return 'node-mismatch';
  if (row.replaces !== 1 && isTaken(db, r)) return 'node-taken';
  db.prepare('UPDATE join_tokens SET used_at_ms = ?, used_key = ?, used_for = ? WHERE id = ?').run(
    r.now,
    r.key,
    madeFor,
    r.id,
  );
  return 'redeemed';
}

/** Whether a machine of this name, with another key, has a certificate that still counts. */
function isTaken(db: Sqlite.Database, { cluster, node, key, now }: Redemption): boolean {
  return (
    db
      .prepare(
        'SELECT 1 FROM agent_certificates WHERE cluster = ? AND node = ? AND not_after_ms > ? AND key <> ?',
      )
      .get(cluster, node, now, key) !== undefined
  );
}
