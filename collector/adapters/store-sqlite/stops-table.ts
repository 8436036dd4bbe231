import type Sqlite from 'better-sqlite3';
import type { HeldQuery, Named, OrderQuery } from '../../ports/stops.ts';
import type { HeldOrderRecord } from './brakes-table.ts';
import type { OrderRecord } from './reader.ts';

export interface PlaceRecord {
  readonly row: string;
  readonly hash: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly owner: string;
  readonly container: string;
}

export type OrderSeenRecord = OrderRecord & PlaceRecord & { readonly receipt: string | null };
export type HeldSeenRecord = HeldOrderRecord & { readonly [K in keyof PlaceRecord]: PlaceRecord[K] | null };

/** An order lives a minute (core/make-order.ts). */
const orderLifeMs = 60_000;

const place = 'i.incident AS row, w.hash, w.cluster, w.namespace, w.owner, w.container';
const inScope = `(@clusters = '[]' OR w.cluster IN (SELECT value FROM json_each(@clusters)))
  AND (@namespaces = '[]' OR w.namespace IN (SELECT value FROM json_each(@namespaces)))`;

/** What people look up of orders and held orders, in the database's thread. */
class StopsTable {
  readonly #db: Sqlite.Database;

  constructor(db: Sqlite.Database) {
    this.#db = db;
  }

  /** Orders go with their occurrence, so none is without one. */
  orders(query: OrderQuery): OrderSeenRecord[] {
    const { incident = null, agent = null, state = null, id = null, behind, now, limit } = query;
    const result = "json_extract(r.report, '$.receipt.result')";
    return this.#db
      .prepare<[object], OrderSeenRecord>(
        `SELECT o.*, r.report AS receipt, ${place} FROM orders o
         JOIN occurrences i ON i.id = o.incident JOIN workloads w ON w.id = i.workload
         LEFT JOIN receipts r ON r.order_id = o.id AND r.agent = o.agent
         WHERE (@incident IS NULL OR o.incident = @incident OR i.incident = @incident)
           AND (@agent IS NULL OR o.agent = @agent) AND (@id IS NULL OR o.id = @id) AND ${inScope}
           AND (@state IS NULL OR @state = CASE
             WHEN ${result} = 'done' THEN 'done' WHEN r.report IS NOT NULL THEN 'not-done'
             WHEN o.issued_at_ms > @sentAfter THEN 'sent' ELSE 'unanswered' END)
           AND (@time IS NULL OR o.issued_at_ms < @time OR (o.issued_at_ms = @time AND o.id > @behind))
         ORDER BY o.issued_at_ms DESC, o.id LIMIT @limit`,
      )
      .all({
        incident,
        agent,
        state,
        id,
        sentAfter: now - orderLifeMs,
        ...scopeOf(query),
        time: behind?.time ?? null,
        behind: behind?.id ?? '',
        limit,
      });
  }

  held(query: HeldQuery): HeldSeenRecord[] {
    const { state = null, idPrefix, behind, limit } = query;
    return this.#db
      .prepare<[object], HeldSeenRecord>(
        `SELECT h.*, ${place} FROM held_orders h
         LEFT JOIN occurrences i ON i.id = h.incident LEFT JOIN workloads w ON w.id = i.workload
         WHERE (@state IS NULL OR h.state = @state) AND ${inScope}
           AND (@prefix IS NULL OR (h.id >= @prefix AND h.id < @prefix || char(0x10ffff)))
           AND (@time IS NULL OR h.since_ms < @time OR (h.since_ms = @time AND h.id > @behind))
         ORDER BY h.since_ms DESC, h.id LIMIT @limit`,
      )
      .all({
        state,
        ...scopeOf(query),
        prefix: idPrefix ?? null,
        time: behind?.time ?? null,
        behind: behind?.id ?? '',
        limit,
      });
  }

  /** The first occurrence gives an incident its name: of the two the incident is meant. */
  named(idPrefix: string, scope: HeldQuery['scope']): Named[] {
    const begins = (table: string) => `${table}.id >= @prefix AND ${table}.id < @prefix || char(0x10ffff)`;
    const found = this.#db
      .prepare<[object], Named>(
        `SELECT id, kind FROM (
           SELECT n.id, 'incident' AS kind FROM incidents n JOIN workloads w ON w.id = n.workload
             WHERE ${begins('n')} AND ${inScope}
           UNION ALL
           SELECT i.id, 'occurrence' AS kind FROM occurrences i JOIN workloads w ON w.id = i.workload
             WHERE ${begins('i')} AND ${inScope} AND i.id NOT IN (SELECT id FROM incidents)
         ) ORDER BY id LIMIT 2`,
      )
      .all({ prefix: idPrefix, ...scopeOf({ scope }) });
    // A whole id is that one, also where another goes on from it.
    const whole = found.find(({ id }) => id === idPrefix);
    return whole === undefined ? found : [whole];
  }

  running(incident: string, limit: number): string[] {
    return this.#db
      .prepare<[string, number], string>(
        `SELECT i.id FROM occurrences i JOIN instances c ON c.workload = i.workload AND c.node = i.node
           AND c.id = json_extract(i.report, '$.incident.instance.id') AND c.state <> 'exited'
         WHERE i.incident = ? ORDER BY i.severity DESC, i.last_us DESC, i.id LIMIT ?`,
      )
      .pluck()
      .all(incident, limit);
  }
}

function scopeOf({ scope }: Pick<HeldQuery, 'scope'>): { clusters: string; namespaces: string } {
  return { clusters: JSON.stringify(scope.clusters), namespaces: JSON.stringify(scope.namespaces) };
}

/** What the database's thread can be asked about stops. */
export function stopsApi(db: Sqlite.Database) {
  const stops = new StopsTable(db);
  return {
    stopsOrders: (query: OrderQuery) => stops.orders(query),
    stopsHeld: (query: HeldQuery) => stops.held(query),
    stopsNamed: (idPrefix: string, scope: HeldQuery['scope']) => stops.named(idPrefix, scope),
    stopsRunning: (incident: string, limit: number) => stops.running(incident, limit),
  };
}
