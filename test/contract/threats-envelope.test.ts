import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { verifyEd25519 } from '../../fingerprint/ed25519.ts';
import { seal, statementPayloadType } from '../../fingerprint/envelope.ts';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { publicFromSpki } from '../../fingerprint/keys.ts';
import { parse, payload, refuses, seals, signed, verify } from '../fakes/signed.ts';
import { baseline, policy, stranger, vendor } from '../fakes/trust.ts';

/**
 * Attacks on the envelope and on what reads it. Each is carried out, beside the genuine thing: the attack alone makes the
 * difference. The list of all attacks is in threats.test.ts.
 */

interface Vector {
  readonly class: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}
const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../vectors/ed25519.json', import.meta.url), 'utf8'),
);
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const digest = verify(signed).digest;
const [_program] = baseline.behaviour.programs;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('edit one byte of fingerprint', () => {
  it('every byte of the envelope, in three ways: never accepted with another payload', () => {
    const accepted: string[] = [];
    for (let at = 0; at < signed.length; at += 1) {
      for (const flip of [0x01, 0x20, 0x80]) {
        const bytes = Uint8Array.from(signed);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        try {
          accepted.push(verify(bytes).digest);
        } catch (error) {
          expect(error).toBeInstanceOf(FingerprintError);
        }
      }
    }
    // What passes differs only where nothing is signed: the key id is a hint.
    expect(accepted.every((d) => d === digest)).toBe(true);
    expect(accepted.length).toBeLessThan(signed.length * 0.05);
  });
});

describe('strip signature / annotation', () => {
  it('what is left is nobody’s word', () => {
    const { signatures: _gone, ...stripped } = parse(signed);
    expect(() => verify(canonicalBytes(stripped))).toThrow(refuses('ENVELOPE_SHAPE', 'signatures'));
    expect(() => verify(canonicalBytes({ ...stripped, signatures: [] }))).toThrow(refuses('NO_SIGNATURE'));
    expect(() => verify(payload)).toThrow(refuses('ENVELOPE_SHAPE'));
    expect(verify(signed).digest).toBe(digest);
  });
});

describe('swap in another key inside the object', () => {
  it('a key that comes with the object is not looked at', () => {
    const { publicKey } = stranger;
    const spki = Buffer.from(publicKey.spki).toString('base64');
    const own = { ...parse(seals(payload, stranger)), publicKey: spki, keys: { [publicKey.keyId]: spki } };
    expect(() => verify(canonicalBytes(own))).toThrow(refuses('UNKNOWN_KEY'));
    const sig = {
      keyid: vendor.publicKey.keyId,
      sig: JSON.parse(text(seals(payload, stranger))).signatures[0].sig,
    };
    expect(() => verify(canonicalBytes({ ...own, signatures: [sig] }))).toThrow(refuses('BAD_SIGNATURE'));
    expect(verify(canonicalBytes({ ...parse(signed), publicKey: spki })).digest).toBe(digest);
  });
});

describe('malleable / small-order signature, bad key file', () => {
  it('no vector of a forger holds, where the arithmetic alone would let some through', () => {
    const forged = vectors.filter((v) => !v.valid);
    expect(forged.length).toBeGreaterThan(100);
    expect(forged.filter((v) => verifyEd25519(hex(v.publicKey), hex(v.message), hex(v.signature)))).toEqual(
      [],
    );
    expect(
      vectors
        .filter((v) => v.valid)
        .every((v) => verifyEd25519(hex(v.publicKey), hex(v.message), hex(v.signature))),
    ).toBe(true);
  });

  it('the same signature in its other form (S + L) is no second signature', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const envelope = parse(signed) as { signatures: { keyid: string; sig: string }[] };
    const sig = Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64');
    const s = BigInt(`0x${Buffer.from(sig.subarray(32)).reverse().toString('hex')}`) + order;
    const other = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
    const keyid = envelope.signatures[0]?.keyid ?? '';
    const malleable = { keyid, sig: Buffer.concat([sig.subarray(0, 32), other]).toString('base64') };
    expect(() => verify(canonicalBytes({ ...envelope, signatures: [malleable] }))).toThrow(
      refuses('BAD_SIGNATURE'),
    );
  });

  it('a key of small order, for which anybody can sign, never enters', () => {
    const small = vectors.find((v) => v.class === 'small-order-key');
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), hex(small?.publicKey ?? '')]);
    expect(() => publicFromSpki(spki)).toThrow(refuses('WEAK_KEY'));
    expect(publicFromSpki(vendor.publicKey.spki).keyId).toBe(vendor.publicKey.keyId);
  });
});

describe('same key twice to reach threshold; two keyids, one key', () => {
  it('one key is one signer, however it is called', () => {
    const { publicKey } = vendor;
    const twice = seal(statementPayloadType, payload, [vendor, vendor]);
    const envelope = parse(twice) as { signatures: { keyid: string; sig: string }[] };
    const unnamed = {
      ...envelope,
      signatures: envelope.signatures.map(({ sig }, i) => ({ keyid: i === 0 ? '' : publicKey.keyId, sig })),
    };
    const two = {
      ...policy,
      keys: new Map([
        ...policy.keys,
        [stranger.publicKey.keyId, { key: stranger.publicKey, owner: 'Second' }],
      ]),
      rules: policy.rules.map((rule) => ({
        ...rule,
        sign: { keys: [publicKey.keyId, stranger.publicKey.keyId], threshold: 2 },
      })),
    };
    for (const bytes of [signed, twice, canonicalBytes(unnamed)])
      expect(() => verify(bytes, {}, two)).toThrow(refuses('THRESHOLD'));
    expect(verify(seals(payload, vendor, stranger), {}, two).signers).toHaveLength(2);
  });
});
