import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../fingerprint/digest.ts';
import { commandPayloadType, open, seal, statementPayloadType } from '../../fingerprint/envelope.ts';
import { FingerprintError } from '../../fingerprint/errors.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { newTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import { signOrder, verifyOrder } from '../../fingerprint/order-envelope.ts';
import { signFingerprint } from '../../fingerprint/sign.ts';
import { verifyFingerprint } from '../../fingerprint/verify.ts';
import { order } from '../fakes/orders.ts';
import { baseline, now, signOptions, testKey, vendor } from '../fakes/trust.ts';

const issuedAt = '2026-05-01T00:00:00Z';
const policyFor = (n: number) =>
  newTrustPolicy({ signer: testKey(n).publicKey, owner: 'x', image: '**', maxMode: 'kill', issuedAt });
const signed = signFingerprint(baseline, signOptions, vendor);
const vendorPolicy = policyFor(1);

/** The digest when it was accepted, the code when it was refused; anything else is a defect. */
function outcome(bytes: Uint8Array): string {
  try {
    return verifyFingerprint(bytes, vendorPolicy, { now }).digest;
  } catch (error) {
    if (error instanceof FingerprintError) return error.code;
    throw error;
  }
}

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const anyBaseline: fc.Arbitrary<Baseline> = fc
  .record({
    name: word,
    args: fc.array(word, { maxLength: 4 }),
    lost: fc.nat(3),
    port: fc.integer({ min: 1, max: 65535 }),
  })
  .map(({ name, args, lost, port }) => ({
    ...baseline,
    subject: { name, digest: `sha256:${sha256Hex(Buffer.from(name))}` },
    behaviour: {
      programs: baseline.behaviour.programs.map((p) => ({
        ...p,
        exe: `/usr/bin/${name}`,
        args: [[name, ...args]],
        network: [{ do: 'listen', transport: 'tcp', port } as const],
      })),
    },
    observation: { ...baseline.observation, lost },
  }));

describe('sign and verify', () => {
  it('are inverse: what was signed is what is judged by', () => {
    fc.assert(
      fc.property(
        anyBaseline,
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.integer({ min: 1, max: 255 }),
        (from, version, n) => {
          const { envelope, bundle, digest } = signFingerprint(from, { ...signOptions, version }, testKey(n));
          for (const bytes of [envelope, bundle]) {
            const verified = verifyFingerprint(bytes, policyFor(n), { now });
            const { format: _format, ...parts } = from;
            expect(verified.fingerprint).toMatchObject({ ...parts, version });
            expect(verified.digest).toBe(digest);
            expect(verified.maxMode).toBe(from.observation.lost === 0 ? 'kill' : 'alert');
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('never accept another payload after any one byte of the envelope or bundle was changed', () => {
    for (const bytes of [signed.envelope, signed.bundle]) {
      for (let i = 0; i < bytes.length; i++) {
        const changed = Uint8Array.from(bytes);
        changed[i] = (changed[i] ?? 0) ^ (1 << (i % 8));
        const result = outcome(changed);
        // What still verifies may differ only outside what is signed (the key id's name, base64 of the same bytes).
        if (result.startsWith('sha256:')) expect(result).toBe(signed.digest);
      }
    }
  }, 60_000);

  it('never accept another payload after any mangling', () => {
    const at = fc.nat(signed.envelope.length - 1);
    fc.assert(
      fc.property(at, at, fc.uint8Array({ maxLength: 8 }), (from, to, insert) => {
        const bytes = Buffer.concat([
          signed.envelope.subarray(0, from),
          insert,
          signed.envelope.subarray(to),
        ]);
        const result = outcome(bytes);
        if (result.startsWith('sha256:')) expect(result).toBe(signed.digest);
      }),
      { numRuns: 300 },
    );
  });

  it('throw nothing but typed errors, whatever they are given', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void outcome(bytes)));
    const anyEnvelope = fc.record({
      payloadType: fc.constantFrom<unknown>(statementPayloadType, commandPayloadType, 1, null),
      payload: fc.constantFrom<unknown>('', 'e30=', 'bnVsbA==', {}, 'é'),
      signatures: fc.array(fc.jsonValue(), { maxLength: 3 }),
    });
    fc.assert(fc.property(anyEnvelope, (value) => void outcome(Buffer.from(JSON.stringify(value)))));
    // Signed by the right key and still nonsense: the parser behind the signature meets it too.
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        outcome(seal(statementPayloadType, Buffer.from(JSON.stringify(value)), [vendor]));
      }),
      { numRuns: 50 },
    );
  });

  it('refuse every truncation', () => {
    for (let n = 0; n < signed.envelope.length; n += 7) {
      expect(outcome(signed.envelope.subarray(0, n))).toBe('ENVELOPE_SYNTAX');
    }
  });
});

describe('domain separation', () => {
  const asFingerprint = (bytes: Uint8Array) => verifyFingerprint(bytes, vendorPolicy, { now });
  const asOrder = (bytes: Uint8Array) => verifyOrder(bytes, [vendor.publicKey]);
  const documents = { fingerprint: signed.envelope, bundle: signed.bundle, order: signOrder(order, vendor) };
  const readers = { fingerprint: asFingerprint, order: asOrder };
  const accepted = ['fingerprint as fingerprint', 'bundle as fingerprint', 'order as order'];

  for (const [name, bytes] of Object.entries(documents)) {
    for (const [role, read] of Object.entries(readers)) {
      const pair = `${name} as ${role}`;
      it(`${pair}: ${accepted.includes(pair) ? 'accepted' : 'refused'}`, () => {
        if (accepted.includes(pair)) expect(() => read(bytes)).not.toThrow();
        else expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'PAYLOAD_TYPE' }));
      });
      if (!accepted.includes(pair)) {
        it(`${pair} with the type rewritten: the signature no longer holds`, () => {
          const wanted = role === 'order' ? commandPayloadType : statementPayloadType;
          const other = role === 'order' ? statementPayloadType : commandPayloadType;
          const posing = Buffer.from(new TextDecoder().decode(bytes).replace(other, wanted));
          expect(open(posing, [wanted]).payloadType).toBe(wanted);
          expect(() => read(posing)).toThrow(expect.objectContaining({ code: 'BAD_SIGNATURE' }));
        });
      }
    }
  }
});
