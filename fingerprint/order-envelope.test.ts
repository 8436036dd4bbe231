import { describe, expect, it } from 'vitest';
import { order } from '../test/fakes/orders.ts';
import { commander, stranger } from '../test/fakes/trust.ts';
import { canonicalBytes } from './canonical.ts';
import { commandPayloadType, seal, statementPayloadType } from './envelope.ts';
import { signOrder, verifyOrder } from './order-envelope.ts';

const keys = [commander.publicKey];
const raw = (value: unknown): Uint8Array => seal(commandPayloadType, canonicalBytes(value), [commander]);

describe('orders', () => {
  it('come back as they were given', () =>
    expect(verifyOrder(signOrder(order, commander), keys)).toEqual(order));

  it('are obeyed from command keys only', () => {
    expect(() => verifyOrder(signOrder(order, stranger), keys)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_KEY' }),
    );
    expect(() => verifyOrder(signOrder(order, commander), [])).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_KEY' }),
    );
  });

  it('are no other kind of document', () => {
    const posing = seal(statementPayloadType, canonicalBytes(order), [commander]);
    expect(() => verifyOrder(posing, keys)).toThrow(expect.objectContaining({ code: 'PAYLOAD_TYPE' }));
  });

  it('cannot be changed', () => {
    const envelope = JSON.parse(new TextDecoder().decode(signOrder(order, commander)));
    const payload = Buffer.from(JSON.stringify({ ...order, action: 'kill' })).toString('base64');
    expect(() =>
      verifyOrder(new TextEncoder().encode(JSON.stringify({ ...envelope, payload })), keys),
    ).toThrow(expect.objectContaining({ code: 'BAD_SIGNATURE' }));
  });

  it.each([
    ['another action', { ...order, action: 'reboot' }, 'action'],
    ['an unknown member', { ...order, unless: 'x' }, 'unless'],
    ['a short session', { ...order, session: 'abcd' }, 'session'],
    ['a negative seq', { ...order, seq: -1 }, 'seq'],
    ['no target', { ...order, target: null }, 'target'],
    ['pid 0', { ...order, target: { ...order.target, process: { pid: 0, start: 1 } } }, 'target.process.pid'],
    ['a target without incident', { ...order, target: { ...order.target, incident: '' } }, 'target.incident'],
    ['another form of time', { ...order, issuedAt: '2026-05-02T09:00:00.5Z' }, 'issuedAt'],
    ['an end before its beginning', { ...order, expiresAt: order.issuedAt }, 'expiresAt'],
  ])('are refused with %s', (_name, value, field) => {
    expect(() => verifyOrder(raw(value), keys)).toThrow(expect.objectContaining({ code: 'SCHEMA', field }));
  });

  it('are not signed when they could not be read', () => {
    expect(() => signOrder({ ...order, session: 'x' }, commander)).toThrow(
      expect.objectContaining({ code: 'SCHEMA' }),
    );
  });

  it('are refused when they are no JSON or far too long', () => {
    const sealed = (text: string): Uint8Array =>
      seal(commandPayloadType, new TextEncoder().encode(text), [commander]);
    expect(() => verifyOrder(sealed('{'), keys)).toThrow(expect.objectContaining({ code: 'PAYLOAD_SYNTAX' }));
    expect(() => verifyOrder(sealed(`"${'x'.repeat(20_000)}"`), keys)).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE' }),
    );
  });
});
