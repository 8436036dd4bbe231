import { sha256Hex } from '../../../fingerprint/digest.ts';
import { Fields } from '../../../fingerprint/fields.ts';
import { stopActions } from '../../../fingerprint/order.ts';
import { parseJson } from '../../../fingerprint/strict-json.ts';
import { workloadKey } from '../../../fingerprint/workload.ts';
import type {
  AnswerStore,
  BrakeStore,
  CopiesStore,
  Disarm,
  DisarmScope,
  DisarmStore,
  HeldOrder,
  HeldOrderStore,
  LeaseStore,
  NodeStateStore,
  OutLease,
} from '../../ports/brakes.ts';
import { brakeReasons, heldStates } from '../../ports/brakes.ts';
import { StoreError } from '../../ports.ts';
import type { DisarmRecord, HeldOrderRecord, LeaseRecord } from './brakes-table.ts';
import type { DatabaseThread } from './thread.ts';

/** The main thread's end of what the brakes remember. */
export function brakeStore(thread: DatabaseThread): BrakeStore {
  const copies: CopiesStore = {
    around: (agent, workload, instance) =>
      thread.call('brakesAround', agent, sha256Hex(Buffer.from(workloadKey(workload))), instance),
    held: (hashes) => thread.call('brakesHeld', hashes),
  };
  const leases: LeaseStore = {
    save: (given) => thread.call('brakesSaveLeases', given.map(leaseRecord)),
    since: async (expiresAfter) => (await thread.call('brakesLeasesSince', expiresAfter)).map(leaseOf),
  };
  const answers: AnswerStore = {
    of: (key) => thread.call('brakesAnswer', key),
    save: (key, answer, now) => thread.call('brakesSaveAnswer', key, answer, now),
  };
  return {
    copies,
    leases,
    answers,
    heldOrders: heldOrders(thread),
    disarms: disarms(thread),
    nodes: nodes(thread),
  };
}

function heldOrders(thread: DatabaseThread): HeldOrderStore {
  return {
    save: (order) => thread.call('brakesSaveHeldOrder', heldRecord(order)),
    of: async (id) => {
      const record = await thread.call('brakesHeldOrder', id);
      return record === undefined ? undefined : heldOf(record);
    },
    list: async (state, limit) => (await thread.call('brakesHeldOrders', state ?? null, limit)).map(heldOf),
    forget: (endedBefore) => thread.call('brakesForgetHeldOrders', endedBefore),
  };
}

function disarms(thread: DatabaseThread): DisarmStore {
  return {
    save: ({ id, scope, author, reason, since, until }) =>
      thread.call('brakesSaveDisarm', {
        id,
        scope: JSON.stringify(scope),
        author,
        reason,
        since_ms: since,
        until_ms: until,
      }),
    until: async (after) => (await thread.call('brakesDisarmsUntil', after)).map(disarmOf),
  };
}

function nodes(thread: DatabaseThread): NodeStateStore {
  return {
    of: async (agent, cluster, node) => {
      const record = await thread.call('brakesNodeState', agent, cluster, node);
      if (record === undefined) return undefined;
      const { version, source, kernel, changed_ms: changedAt } = record;
      return { software: { version, source, ...(kernel === null ? {} : { kernel }) }, changedAt };
    },
    save: (agent, cluster, node, { software, changedAt }, now) =>
      thread.call('brakesSaveNodeState', {
        agent,
        cluster,
        node,
        version: software.version,
        source: software.source,
        kernel: software.kernel ?? null,
        changed_ms: changedAt,
        heard_ms: now,
      }),
  };
}

function leaseRecord(lease: Omit<OutLease, 'dropped'>): LeaseRecord {
  const { id, agent, session, workload, stops, ends, since, issuedAt, expiresAt, settled } = lease;
  return {
    id,
    agent,
    session,
    workload,
    stops,
    ends,
    since_ms: since,
    issued_ms: issuedAt,
    expires_ms: expiresAt,
    settled: settled ? 1 : 0,
  };
}

function leaseOf(record: LeaseRecord & { readonly spent: number }): OutLease {
  const { id, agent, session, workload, stops, ends, spent } = record;
  return {
    id,
    agent,
    session,
    workload,
    stops,
    ends,
    spent,
    since: record.since_ms,
    issuedAt: record.issued_ms,
    expiresAt: record.expires_ms,
    settled: record.settled === 1,
  };
}

function heldRecord(order: HeldOrder): HeldOrderRecord {
  const { id, incident, agent, wanted, done, reason, sentence, since, expires, state, ended } = order;
  return {
    id,
    incident,
    agent,
    wanted,
    done,
    reason,
    sentence,
    since_ms: since,
    expires_ms: expires,
    state,
    ended_ms: ended?.at ?? null,
    ended_by: ended?.author ?? null,
    ended_why: ended?.reason ?? null,
  };
}

export function heldOf(record: HeldOrderRecord): HeldOrder {
  const { id, incident, agent, sentence, ended_ms: at, ended_by: author, ended_why: reason } = record;
  const wanted = oneOf(stopActions, record.wanted);
  return {
    id,
    incident,
    agent,
    wanted,
    done: oneOf(['hold', 'none'], record.done),
    reason: oneOf(brakeReasons, record.reason),
    sentence,
    since: record.since_ms,
    expires: record.expires_ms,
    state: oneOf(heldStates, record.state),
    ...(at === null || author === null || reason === null ? {} : { ended: { at, author, reason } }),
  };
}

function disarmOf(record: DisarmRecord): Disarm {
  const { id, author, reason, since_ms: since, until_ms: until } = record;
  return { id, scope: scopeOf(record.scope), author, reason, since, until };
}

function scopeOf(json: string): DisarmScope {
  const fields = new Fields(parseJson(Buffer.from(json)), 'scope', 'SCHEMA');
  const kind = fields.oneOf('kind', ['cluster', 'namespace', 'workload'] as const);
  const cluster = fields.text('cluster');
  switch (kind) {
    case 'cluster':
      return { kind, cluster };
    case 'namespace':
      return { kind, cluster, namespace: fields.text('namespace') };
    case 'workload':
      return { kind, cluster, namespace: fields.text('namespace'), owner: fields.text('owner') };
  }
}

function oneOf<T extends string>(allowed: readonly T[], value: string): T {
  const found = allowed.find((a) => a === value);
  if (found === undefined) throw damaged();
  return found;
}

function damaged(): StoreError {
  return new StoreError(
    'not-a-database',
    'the database holds something else where a held order was stored; it was changed by another program',
  );
}
