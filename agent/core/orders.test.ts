import { describe, expect, it } from 'vitest';
import type { Approval, Incident } from '../../fingerprint/incident.ts';
import type { Order } from '../../fingerprint/order.ts';
import { parseTime } from '../../fingerprint/time.ts';
import type { Mode } from '../../fingerprint/verdict.ts';
import { workloadKey } from '../../fingerprint/workload.ts';
import { checkOrder, type OrderContext } from './orders.ts';

const workload = {
  cluster: 'c',
  namespace: 'n',
  owner: 'Deployment/cart',
  container: 'main',
  role: 'main',
  subject: { name: 'cart', digest: `sha256:${'a'.repeat(64)}` },
} as const;

const drift = {
  root: 'entrypoint',
  lineage: ['/cart', '/tmp/x'],
  key: 'k',
  kind: 'exec',
  because: 'new-program',
  subject: 'x',
  severity: 'high',
  count: 1,
  first: 1,
  last: 1,
  process: { pid: 7, start: 70 },
} as const;
/** The service itself: a known program that read something new. */
const own = { ...drift, kind: 'open', because: 'sensitive-file', process: { pid: 6, start: 60 } } as const;

/** A file that was dropped: never learnable, whatever it is called in the verdict. */
const dropped = { ...drift, origin: 'upper', lineage: ['/cart', '/tmp/x', '/tmp/y'] } as const;

function approved(maxMode: Mode, neverLearnableMode?: Mode): Approval {
  const about = { fingerprint: 'sha256:b', version: 1, signedBy: 'x', maxMode };
  return neverLearnableMode === undefined ? about : { ...about, neverLearnableMode };
}

function incident(
  approval: Mode | Approval | undefined,
  drifts: Incident['drifts'] = [drift, own],
): Incident {
  return {
    id: 'f'.repeat(64),
    workload,
    instance: { id: 'i1', node: 'node-1', startedAt: 1 },
    severity: 'high',
    kinds: ['exec'],
    sentence: '',
    drifts,
    more: 0,
    first: 1,
    last: 1,
    culprit: { pid: 7, start: 70 },
    ...(approval === undefined
      ? {}
      : { approval: typeof approval === 'string' ? approved(approval) : approval }),
  };
}

const carried = approved('alert', 'kill');

const order: Order = {
  id: 'o1',
  action: 'kill-subtree',
  session: 's',
  seq: 5,
  target: { node: 'node-1', instance: 'i1', process: { pid: 7, start: 70 }, incident: 'f'.repeat(64) },
  reason: 'r',
  issuedAt: '2026-05-02T08:00:00Z',
  expiresAt: '2026-05-02T08:01:00Z',
};

const now = parseTime('2026-05-02T08:00:30Z') ?? 0;
const context: OrderContext = {
  node: 'node-1',
  session: 's',
  lastSeq: 4,
  now,
  incident: incident('kill'),
  approval: approved('kill'),
  held: false,
  stops: [],
};
const stop = { at: now - 1, incident: 'earlier', workload: workloadKey(workload), mode: 'kill' } as const;
const otherStop = { ...stop, workload: 'another' };
const hold = { ...stop, mode: 'freeze' } as const;
const target = order.target;

describe('checkOrder', () => {
  it('lets go what is held, also on a node that was disarmed', () => {
    const known = { ...context, held: true, disarmed: 'ada: repair' };
    expect(checkOrder({ ...order, action: 'resume' }, known)).toEqual({ go: true });
  });

  it('lets an order through that is for this stream, new, in time and approved', () => {
    expect(checkOrder(order, context)).toEqual({ go: true });
  });

  it.each<[string, string, Partial<Order>, Partial<OrderContext>]>([
    ['another node', 'refused-node', { target: { ...target, node: 'node-2' } }, {}],
    ['an earlier stream', 'refused-session', { session: 'old' }, {}],
    ['a number that has passed', 'refused-sequence', { seq: 4 }, {}],
    ['a time that is over', 'refused-expired', {}, { now: now + 60_000_000 }],
    ['a time that has not come', 'refused-expired', {}, { now: now - 60_000_000 }],
    ['a longer life than a minute', 'refused-expired', { expiresAt: '2026-05-02T08:02:00Z' }, {}],
    ['an incident this agent does not have', 'refused-no-drift', {}, { incident: undefined }],
    ['another instance', 'refused-no-drift', { target: { ...target, instance: 'i2' } }, {}],
    [
      'a neighbour process',
      'refused-no-drift',
      { target: { ...target, process: { pid: 8, start: 70 } } },
      {},
    ],
    [
      'a pid that came back',
      'refused-no-drift',
      { target: { ...target, process: { pid: 7, start: 71 } } },
      {},
    ],
    [
      'the killing of a known program',
      'refused-protected',
      { target: { ...target, process: own.process } },
      {},
    ],
    [
      'the killing of what only known programs are told of',
      'refused-protected',
      {},
      { incident: incident('kill', [{ ...own, process: target.process }]) },
    ],
    ['a workload nobody approved', 'refused-protected', {}, { incident: incident(undefined) }],
    ['a kill where freeze was approved', 'refused-protected', {}, { incident: incident('freeze') }],
    [
      'a hold where alert was approved',
      'refused-protected',
      { action: 'hold' },
      { incident: incident('alert') },
    ],
    ['what was approved then and is no more', 'refused-protected', {}, { approval: approved('alert') }],
    ['what nothing approves any more', 'refused-protected', {}, { approval: undefined }],
    ['what was not approved yet when it drifted', 'refused-protected', {}, { incident: incident('alert') }],
    [
      'a new program where only the never-learnable was carried over',
      'refused-protected',
      {},
      { incident: incident(carried), approval: carried },
    ],
    [
      'a new program for what was dropped beside it',
      'refused-protected',
      {},
      {
        incident: incident(carried, [drift, { ...dropped, process: { pid: 9, start: 90 } }]),
        approval: carried,
      },
    ],
    [
      'more than was carried over',
      'refused-protected',
      {},
      { incident: incident(approved('alert', 'freeze'), [dropped]), approval: approved('alert', 'freeze') },
    ],
    ['a fourth stop of the workload', 'refused-rate', {}, { stops: [stop, stop, stop] }],
    ['an eleventh stop on the node', 'refused-rate', {}, { stops: Array(10).fill(otherStop) }],
    ['an eleventh hold of the workload', 'refused-rate', { action: 'hold' }, { stops: Array(10).fill(hold) }],
    [
      'a kill, held before, when the kills are spent',
      'refused-rate',
      {},
      { stops: [stop, stop, stop, { ...hold, incident: order.target.incident }] },
    ],
    ['a resume of what is not held', 'target-gone', { action: 'resume' }, {}],
    ['a node that somebody disarmed', 'refused-protected', {}, { disarmed: 'ada: repair' }],
  ])('refuses an order for %s', (_name, result, changed, known) => {
    const check = checkOrder({ ...order, ...changed }, { ...context, ...known });
    expect(check).toMatchObject({ go: false, receipt: { order: 'o1', result, stopped: [] } });
  });

  it.each<[string, Partial<Order>, Partial<OrderContext>]>([
    ['a hold where freeze was approved', { action: 'hold' }, { incident: incident('freeze') }],
    [
      'the killing of what was dropped, by an approval that was carried over',
      {},
      { incident: incident(carried, [dropped, own]), approval: carried },
    ],
    [
      'the killing of what was dropped again: its drift names the process of the first time',
      {},
      {
        incident: incident(carried, [{ ...dropped, process: { pid: 5, start: 50 } }]),
        approval: carried,
      },
    ],
    ['a hold of a known program', { action: 'hold', target: { ...target, process: own.process } }, {}],
    ['a resume of what an earlier run held', { action: 'resume' }, { incident: undefined, held: true }],
    [
      'an incident that was charged already',
      {},
      { stops: [stop, stop, { ...stop, incident: context.incident?.id ?? '' }] },
    ],
    ['a hold when the kills are spent', { action: 'hold' }, { stops: [stop, stop, stop] }],
    ['stops of long ago', {}, { stops: [stop, stop, stop].map((s) => ({ ...s, at: now - 601_000_000 })) }],
    ['clocks that differ by seconds', {}, { now: now + 34_000_000 }],
  ])('obeys %s', (_name, changed, known) => {
    expect(checkOrder({ ...order, ...changed }, { ...context, ...known })).toEqual({ go: true });
  });
});
