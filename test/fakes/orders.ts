import type { Lease } from '../../fingerprint/lease.ts';
import type { Order } from '../../fingerprint/order.ts';

/** Proper in every member. */
export const order: Order = {
  id: 'o-1',
  action: 'hold',
  session: '00112233445566778899aabbccddeeff',
  seq: 1,
  target: { node: 'n1', instance: 'c0ffee', process: { pid: 42, start: 123_456 }, incident: 'abcd' },
  reason: 'ran a program nobody approved',
  issuedAt: '2026-05-02T09:00:00Z',
  expiresAt: '2026-05-02T09:01:00Z',
};

/** Three stops, one of them of a whole copy. */
export const lease: Lease = {
  id: 'l-1',
  session: order.session,
  seq: 1,
  node: 'n1',
  workload: '5a'.repeat(32),
  stops: 3,
  ends: 1,
  response: {
    rules: [{ kinds: ['exec', 'load'], severities: ['critical'], mode: 'kill' }, { mode: 'freeze' }],
    killScope: 'subtree',
    stopInteractive: false,
  },
  maxMode: 'kill',
  issuedAt: order.issuedAt,
  expiresAt: order.expiresAt,
};
