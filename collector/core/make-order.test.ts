import { describe, expect, it } from 'vitest';
import { generateKey } from '../../fingerprint/keys.ts';
import { signOrder, verifyOrder } from '../../fingerprint/order-envelope.ts';
import { capReasons } from '../../fingerprint/response.ts';
import { anIncident } from '../../test/fakes/reports.ts';
import { brakeReasons } from './brake-limits.ts';
import { makeOrder } from './make-order.ts';
import { reasonSentence } from './reason-sentence.ts';

const about = { id: 'o1', session: '0'.repeat(32), lastSeq: 7, now: Date.UTC(2026, 0, 1, 0, 0, 0, 999) };

describe('makeOrder', () => {
  it('binds the order to node, session, instance and process, for a minute', () => {
    const order = makeOrder(anIncident(), { action: 'hold', sentence: 'held' }, about);
    expect(order).toMatchObject({
      session: about.session,
      target: {
        node: 'node-1',
        instance: 'shop-1',
        process: anIncident().culprit,
        incident: anIncident().id,
      },
      issuedAt: '2026-01-01T00:00:00Z',
      expiresAt: '2026-01-01T00:01:00Z',
    });
  });

  it('numbers orders upwards, also when the clock stands or the last number was forgotten', () => {
    const decision = { action: 'hold', sentence: 'held' } as const;
    const first = makeOrder(anIncident(), decision, about);
    expect(makeOrder(anIncident(), decision, { ...about, lastSeq: first.seq }).seq).toBeGreaterThan(
      first.seq,
    );
    expect(
      makeOrder(anIncident(), decision, { ...about, lastSeq: 0, now: about.now + 1 }).seq,
    ).toBeGreaterThan(first.seq);
  });

  it.each([...capReasons, ...brakeReasons])('can be signed and read back with the reason %s', (reason) => {
    const key = generateKey((n) => new Uint8Array(n).fill(7));
    const sentence = reasonSentence({ action: 'kill', reason });
    const order = makeOrder(anIncident(), { action: 'kill', sentence }, about);
    expect(verifyOrder(signOrder(order, key), [key.publicKey])).toEqual(order);
  });
});
