import { randomBytes } from 'node:crypto';
import type Sqlite from 'better-sqlite3';
import type {
  FoldedIncident,
  Met,
  NodeIncidentFilter,
  NodeIncidentKind,
  NodeRef,
} from '../../ports/nodes.ts';
import type { AgentHello } from '../../ports.ts';

/** A row as it lies in the table. */
export interface NodeIncidentRecord extends NodeRef {
  readonly id: number;
  readonly kind: string;
  readonly opened_ms: number;
  readonly last_ms: number;
  readonly closed_ms: number | null;
  readonly count: number;
  readonly detail: string;
}

export interface LossesRecord {
  readonly agent: string;
  readonly restored: number;
  readonly dropped: number;
  readonly flooded: number;
}

interface Known {
  readonly session: string;
  readonly stored: number;
}

/** What goes wrong with nodes, and what an epoch of this database is worth to an agent. */
export class NodesTable {
  readonly #db: Sqlite.Database;

  constructor(db: Sqlite.Database) {
    this.#db = db;
  }

  epoch(): string {
    const made = randomBytes(16).toString('hex');
    this.#db.prepare("INSERT INTO settings VALUES ('epoch', ?) ON CONFLICT DO NOTHING").run(made);
    const read = this.#db.prepare<[], string>("SELECT value FROM settings WHERE name = 'epoch'").pluck();
    return read.get() ?? made;
  }

  meet(hello: AgentHello): Met {
    return this.#db.transaction(() => this.#meet(hello))();
  }

  #meet({ agent, acked, epoch, session }: AgentHello): Met {
    const known = this.#db
      .prepare<[string], Known>('SELECT session, stored FROM agents WHERE id = ?')
      .get(agent);
    const counted = this.#number('SELECT acked FROM agent_losses WHERE agent = ?', agent);
    const lost = Math.max(0, acked - Math.max(known?.stored ?? 0, counted));
    const isSame = epoch === this.epoch();
    if (lost > 0) {
      this.#db
        .prepare(
          `INSERT INTO agent_losses (agent, acked, restored) VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET acked = excluded.acked, restored = restored + excluded.restored`,
        )
        .run(agent, acked, lost);
    }
    // An agent that knows epochs tells anew what runs as soon as it is told of another one.
    if (!isSame && epoch !== undefined) {
      this.#db.prepare("UPDATE instances SET state = 'exited' WHERE agent = ?").run(agent);
    }
    // Of another start of the agent: the same numbers have come to mean other behaviours in the lost time.
    if (lost > 0 && known !== undefined && known.session !== session) {
      this.#db.prepare('DELETE FROM dictionary WHERE agent = ?').run(agent);
    }
    if (lost === 0) return { kind: 'as-before', lost };
    return { kind: isSame ? 'rolled-back' : 'restored', lost };
  }

  dropped(agent: string, total: number): number {
    return this.#db.transaction(() => {
      const before = this.#number('SELECT dropped FROM agent_losses WHERE agent = ?', agent);
      if (total <= before) return 0;
      this.#db
        .prepare(
          `INSERT INTO agent_losses (agent, dropped) VALUES (?, ?)
           ON CONFLICT DO UPDATE SET dropped = excluded.dropped`,
        )
        .run(agent, total);
      return total - before;
    })();
  }

  losses(): LossesRecord[] {
    return this.#db
      .prepare<[], LossesRecord>('SELECT agent, restored, dropped, flooded FROM agent_losses')
      .all();
  }

  open(of: NodeRef, kind: NodeIncidentKind, count: number, detail: string, now: number): boolean {
    return this.#db.transaction(() => {
      const counted = this.#db
        .prepare(
          `UPDATE node_incidents SET count = count + ?, last_ms = max(last_ms, ?), detail = ?
           WHERE agent = ? AND kind = ? AND closed_ms IS NULL`,
        )
        .run(count, now, detail, of.agent, kind);
      if (counted.changes > 0) return false;
      this.#db
        .prepare(
          `INSERT INTO node_incidents (agent, node, cluster, kind, opened_ms, last_ms, count, detail)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(of.agent, of.node, of.cluster, kind, now, now, count, detail);
      return true;
    })();
  }

  close(agent: string, kind: NodeIncidentKind, now: number): boolean {
    return (
      this.#db
        .prepare(
          `UPDATE node_incidents SET closed_ms = max(opened_ms, ?)
           WHERE agent = ? AND kind = ? AND closed_ms IS NULL`,
        )
        .run(now, agent, kind).changes > 0
    );
  }

  list({ open, agent, kind, clusters = [], before, limit }: NodeIncidentFilter): NodeIncidentRecord[] {
    return this.#db
      .prepare<[Record<string, string | number | null>], NodeIncidentRecord>(
        `SELECT * FROM node_incidents
         WHERE (@open IS NULL OR (closed_ms IS NULL) = @open) AND (@agent IS NULL OR agent = @agent)
           AND (@clusters = '[]' OR cluster IN (SELECT value FROM json_each(@clusters)))
           AND (@kind IS NULL OR kind = @kind) AND (@before IS NULL OR id < @before)
         ORDER BY id DESC LIMIT @limit`,
      )
      .all({
        open: open === undefined ? null : Number(open),
        agent: agent ?? null,
        kind: kind ?? null,
        clusters: JSON.stringify(clusters),
        before: before ?? null,
        limit,
      });
  }

  foldedIds(): { agent: string; id: string; rank: number }[] {
    return this.#db
      .prepare<[], { agent: string; id: string; rank: number }>('SELECT agent, id, rank FROM flooded')
      .all();
  }

  folded(agent: string, limit: number): FoldedIncident[] {
    return this.#db
      .prepare<[string, number], FoldedIncident>(
        'SELECT id, report AS json FROM flooded WHERE agent = ? ORDER BY rank DESC, id LIMIT ?',
      )
      .all(agent, limit);
  }

  #number(sql: string, agent: string): number {
    return this.#db.prepare<[string], number>(sql).pluck().get(agent) ?? 0;
  }
}
