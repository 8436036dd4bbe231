import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { verifyEd25519 } from '../../fingerprint/ed25519.ts';
import { open, seal, statementPayloadType } from '../../fingerprint/envelope.ts';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { openPrivateKey, publicFromSpki, sealPrivateKey } from '../../fingerprint/keys.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import {
  parse,
  payload,
  predicate,
  refuses,
  says,
  seals,
  signed,
  statement,
  utf8,
  verify,
} from '../fakes/signed.ts';
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
const [program] = baseline.behaviour.programs;
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

describe('parser differential, duplicate keys, base64 junk', () => {
  const repeated = text(payload).replace('"version":7', '"version":7,"version":700');
  it.each([
    ['two members of one name in the payload', seals(utf8(repeated), vendor), 'PAYLOAD_SYNTAX'],
    [
      'the same name once with an escape',
      seals(utf8(repeated.replace(',"version":700', ',"vers\\u0069on":700')), vendor),
      'PAYLOAD_SYNTAX',
    ],
    [
      'two members of one name in the envelope',
      utf8(text(signed).replace('{', '{"payload":"e30=",')),
      'ENVELOPE_SYNTAX',
    ],
    ['junk that Node would skip', utf8(text(signed).replace('"payload":"', '"payload":"!!')), 'BASE64'],
    ['bits left over', utf8(JSON.stringify({ ...parse(signed), payload: 'e31=' })), 'BASE64'],
    ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), signed]), 'ENVELOPE_SYNTAX'],
    ['bytes that are no UTF-8', Buffer.concat([signed, Buffer.from([0xff])]), 'ENVELOPE_SYNTAX'],
    ['more after the end', utf8(`${text(signed)}{}`), 'ENVELOPE_SYNTAX'],
    [
      'half a surrogate pair',
      seals(utf8(text(payload).replace('"kind"', '"\\ud800":1,"kind"')), vendor),
      'PAYLOAD_SYNTAX',
    ],
    ['spaces in what says it is canonical', seals(utf8(` ${text(payload)}`), vendor), 'NOT_CANONICAL'],
    [
      'Subject beside subject, which others read instead',
      says({ ...statement, subject: [], Subject: statement.subject }),
      'SUBJECT',
    ],
    [
      'a number that another reader rounds',
      seals(utf8(text(payload).replace('"version":7', '"version":7.0')), vendor),
      'NOT_CANONICAL',
    ],
    [
      'a version beyond what a number holds',
      seals(utf8(text(payload).replace('"version":7', '"version":9007199254740993')), vendor),
      'NOT_CANONICAL',
    ],
  ])('%s', (_what, bytes, code) => {
    expect(() => verify(bytes)).toThrow(refuses(code));
  });

  it('what is judged by is read from the very bytes that were signed', () => {
    expect(open(signed, [statementPayloadType]).payload).toEqual(payload);
    expect(verify(signed).fingerprint.version).toBe(7);
  });

  it('a member called __proto__ is a member, not the prototype of what is read', () => {
    const read = parseJson(utf8('{"__proto__":{"payload":"x","maxMode":"kill"}}'));
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Reflect.get(Object(read), 'maxMode')).toBeUndefined();
    expect(() => verify(utf8(`{"__proto__":${text(signed)}}`))).toThrow(refuses('ENVELOPE_SHAPE'));
  });
});

describe('oversized / deep JSON, scrypt bombs', () => {
  it.each([
    ['10 MB of spaces', Buffer.alloc(10_000_000, 0x20), 'TOO_LARGE'],
    ['an array in an array, a hundred thousand times', utf8('['.repeat(100_000)), 'ENVELOPE_SYNTAX'],
    ['an object in an object in the payload', seals(utf8('{"a":'.repeat(100_000)), vendor), 'PAYLOAD_SYNTAX'],
    [
      'a thousand signatures',
      utf8(JSON.stringify({ ...parse(signed), signatures: Array(1000).fill({ sig: 'AAAA' }) })),
      'TOO_MANY_SIGNATURES',
    ],
  ])('%s', (_what, bytes, code) => {
    expect(() => verify(bytes)).toThrow(refuses(code));
  });

  it('a key file that asks for a terabyte of work is refused before the work', () => {
    const pem = sealPrivateKey(vendor, 'secret', (n) => new Uint8Array(n).fill(7));
    const [first = '', ...rest] = pem.trim().split('\n');
    const body = Buffer.from(rest.slice(0, -1).join(''), 'base64').toString();
    const bomb = Buffer.from(body.replace('65536', '1073741824')).toString('base64');
    const began = performance.now();
    expect(() => openPrivateKey(`${first}\n${bomb}\n${rest.at(-1)}\n`, 'secret')).toThrow(
      refuses('KEY_SYNTAX', 'kdf.params'),
    );
    // Deriving with N = 2^30 would take minutes and a terabyte; a generous second is nothing beside it.
    expect(performance.now() - began).toBeLessThan(1000);
    expect(openPrivateKey(pem, 'secret').publicKey.keyId).toBe(vendor.publicKey.keyId);
  });
});

describe('future field ignored by old agent widens', () => {
  it('an unknown member of what is granted, or an unknown critical feature, is refused', () => {
    const narrowed = { programs: [{ ...program, onlyOnSundays: true }] };
    expect(() => verify(says({ ...statement, predicate: { ...predicate, behaviour: narrowed } }))).toThrow(
      refuses('SCHEMA', 'predicate.behaviour.programs[0].onlyOnSundays'),
    );
    const spec = { minReader: 1, critical: ['only-on-sundays'] };
    expect(() => verify(says({ ...statement, predicate: { ...predicate, spec } }))).toThrow(
      refuses('CRITICAL_UNKNOWN'),
    );
    // Where it cannot narrow what is granted it is passed over, as in-toto asks.
    const later = { ...statement, predicate: { ...predicate, note: 'of a later version' } };
    expect(verify(says(later)).fingerprint.version).toBe(7);
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
