import type {
  HeldQuery,
  HeldSeen,
  Named,
  OrderQuery,
  OrderSeen,
  StopPlace,
  StopRecords,
} from '../../ports/stops.ts';
import { heldOf } from './brakes.ts';
import { orderRow } from './domain.ts';
import type { HeldSeenRecord, OrderSeenRecord, PlaceRecord } from './stops-table.ts';
import type { DatabaseThread } from './thread.ts';

/** The main thread's end of what people look up about stops. */
export class SqliteStops implements StopRecords {
  readonly #thread: DatabaseThread;

  constructor(thread: DatabaseThread) {
    this.#thread = thread;
  }

  async orders(query: OrderQuery): Promise<readonly OrderSeen[]> {
    return (await this.#thread.call('stopsOrders', query)).map(orderSeen);
  }

  async held(query: HeldQuery): Promise<readonly HeldSeen[]> {
    return (await this.#thread.call('stopsHeld', query)).map(heldSeen);
  }

  named(idPrefix: string, scope: OrderQuery['scope']): Promise<readonly Named[]> {
    return this.#thread.call('stopsNamed', idPrefix, scope);
  }

  running(incident: string, limit: number): Promise<readonly string[]> {
    return this.#thread.call('stopsRunning', incident, limit);
  }
}

function orderSeen(record: OrderSeenRecord): OrderSeen {
  const { order, agent, issuedAt, receipt } = orderRow(record);
  const came = receipt === undefined ? {} : { receipt };
  return { order, agent, issuedAt, ...came, row: record.row, place: placeOf(record) };
}

function heldSeen(record: HeldSeenRecord): HeldSeen {
  const held = heldOf(record);
  const { row, hash, cluster, namespace, owner, container } = record;
  if (row === null || hash === null || cluster === null) return { held };
  if (namespace === null || owner === null || container === null) return { held };
  return { held, row, place: { hash, cluster, namespace, owner, container } };
}

function placeOf({ hash, cluster, namespace, owner, container }: PlaceRecord): StopPlace {
  return { hash, cluster, namespace, owner, container };
}
