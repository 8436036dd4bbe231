import type Sqlite from 'better-sqlite3';
import type { Copies, LeaseCopies } from '../../ports/brakes.ts';

/** Copies of one workload that are told one by one: nobody runs more, and the last of them is never among the rest. */
const maxCopies = 10_000;

const running = "state <> 'exited'";

/** Questions of the brakes about what runs where, in the database's thread. */
export class CopiesTable {
  readonly #db: Sqlite.Database;

  constructor(db: Sqlite.Database) {
    this.#db = db;
  }

  around(agent: string, hash: string, instance: string): Copies {
    const ofWorkload = this.#db
      .prepare<[string, number], { agent: string; instance: string }>(
        `SELECT i.agent, i.id AS instance FROM instances i JOIN workloads w ON w.id = i.workload
         WHERE w.hash = ? AND i.${running} LIMIT ?`,
      )
      .all(hash, maxCopies);
    const isKnown = this.#isKnown(agent, hash, instance);
    return { onNode: this.#onNode(agent), ofWorkload, isKnown, ...this.#ofOwner(hash) };
  }

  /** By the node, not the agent: of two that watch one node the latter's name stands beside the copy. */
  #isKnown(agent: string, hash: string, instance: string): boolean {
    const sql = `SELECT 1 FROM instances WHERE workload = (SELECT id FROM workloads WHERE hash = ?)
       AND node = (SELECT node FROM agents WHERE id = ?) AND id = ?`;
    return this.#db.prepare<[string, string, string], number>(sql).pluck().get(hash, agent, instance) === 1;
  }

  held(hashes: readonly string[]): LeaseCopies[] {
    const copies = this.#db.prepare<[string, number], { agent: string; id: string }>(
      `SELECT i.agent, i.id FROM instances i JOIN workloads w ON w.id = i.workload
       WHERE w.hash = ? AND i.${running} LIMIT ?`,
    );
    return hashes.flatMap((hash) => {
      const about = this.#ofOwner(hash);
      const byAgent = Map.groupBy(copies.all(hash, maxCopies), (copy) => copy.agent);
      return [...byAgent].map(([agent, rows]) => ({
        hash,
        agent,
        instances: rows.map((row) => row.id),
        onNode: this.#onNode(agent),
        ...about,
      }));
    });
  }

  #onNode(agent: string): number {
    const sql = `SELECT count(*) FROM instances WHERE agent = ? AND ${running}`;
    return this.#db.prepare<[string], number>(sql).pluck().get(agent) ?? 0;
  }

  #ofOwner(hash: string): Pick<Copies, 'ofOwner' | 'firstSeen'> {
    const same = `w.cluster = m.cluster AND w.namespace = m.namespace AND w.owner = m.owner AND w.container = m.container`;
    const count = `SELECT count(*) FROM workloads m JOIN workloads w ON ${same}
       JOIN instances i ON i.workload = w.id WHERE m.hash = ? AND i.${running}`;
    const first = `SELECT min(w.first_seen_ms) FROM workloads m JOIN workloads w ON ${same} AND w.digest = m.digest
       WHERE m.hash = ?`;
    return {
      ofOwner: this.#db.prepare<[string], number>(count).pluck().get(hash) ?? 0,
      firstSeen: this.#db.prepare<[string], number | null>(first).pluck().get(hash) ?? 0,
    };
  }
}
