import { describe, expect, it } from 'vitest';
import { lease, order } from '../test/fakes/orders.ts';
import { commander, stranger } from '../test/fakes/trust.ts';
import { canonicalBytes } from './canonical.ts';
import { commandPayloadType, leasePayloadType, seal } from './envelope.ts';
import { signLease, verifyLease } from './lease-envelope.ts';
import { signOrder } from './order-envelope.ts';

const keys = [commander.publicKey];
const raw = (value: unknown): Uint8Array => seal(leasePayloadType, canonicalBytes(value), [commander]);
const { response } = lease;
const responding = (change: object): object => ({ ...lease, response: { ...response, ...change } });

describe('leases', () => {
  it('come back as they were given', () =>
    expect(verifyLease(signLease(lease, commander), keys)).toEqual(lease));

  it('may grant nothing: that takes back what is left', () => {
    const none = { ...lease, stops: 0, ends: 0 };
    expect(verifyLease(signLease(none, commander), keys)).toEqual(none);
  });

  it('are taken from command keys only', () => {
    for (const [given, known] of [
      [stranger, keys],
      [commander, []],
    ] as const)
      expect(() => verifyLease(signLease(lease, given), known)).toThrow(
        expect.objectContaining({ code: 'UNKNOWN_KEY' }),
      );
  });

  it('are no orders, and no order is a lease', () => {
    const posing = seal(commandPayloadType, canonicalBytes(lease), [commander]);
    expect(() => verifyLease(posing, keys)).toThrow(expect.objectContaining({ code: 'PAYLOAD_TYPE' }));
    expect(() => verifyLease(signOrder(order, commander), keys)).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_TYPE' }),
    );
  });

  it.each([
    ['an unknown member', { ...lease, unless: 'x' }, 'unless'],
    ['an id that is no plain name', { ...lease, id: 'a:b' }, 'id'],
    ['a short session', { ...lease, session: 'abcd' }, 'session'],
    ['a negative seq', { ...lease, seq: -1 }, 'seq'],
    ['no node', { ...lease, node: '' }, 'node'],
    ['a workload that is no hash', { ...lease, workload: 'Deployment/cart' }, 'workload'],
    ['a share of a stop', { ...lease, stops: 0.5 }, 'stops'],
    ['more stops than any budget', { ...lease, stops: 10_001 }, 'stops'],
    ['more ends than stops', { ...lease, ends: 4 }, 'ends'],
    ['a mode that stops nothing', { ...lease, maxMode: 'alert' }, 'maxMode'],
    ['no response', { ...lease, response: null }, 'response'],
    ['a response with a condition', responding({ unless: 'x' }), 'response.unless'],
    ['a scope it does not know', responding({ killScope: 'node' }), 'response.killScope'],
    ['a wish that is no yes or no', responding({ stopInteractive: 1 }), 'response.stopInteractive'],
    ['a rule without a mode', responding({ rules: [{}] }), 'response.rules[0].mode'],
    [
      'a rule for nobody knows what',
      responding({ rules: [{ mode: 'kill', on: 'x' }] }),
      'response.rules[0].on',
    ],
    [
      'a rule for an unknown kind',
      responding({ rules: [{ kinds: ['telepathy'], mode: 'kill' }] }),
      'response.rules[0].kinds',
    ],
    [
      'a rule for an unknown severity',
      responding({ rules: [{ severities: ['dire'], mode: 'kill' }] }),
      'response.rules[0].severities',
    ],
    ['too many rules', responding({ rules: Array(65).fill({ mode: 'kill' }) }), 'response.rules'],
    ['an end before its beginning', { ...lease, expiresAt: lease.issuedAt }, 'expiresAt'],
  ])('are refused with %s', (_name, value, field) => {
    expect(() => verifyLease(raw(value), keys)).toThrow(expect.objectContaining({ code: 'SCHEMA', field }));
  });

  it('are not signed when they could not be read', () => {
    expect(() => signLease({ ...lease, ends: 9 }, commander)).toThrow(
      expect.objectContaining({ code: 'SCHEMA' }),
    );
  });
});
