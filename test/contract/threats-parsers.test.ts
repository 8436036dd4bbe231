import { describe, expect, it } from 'vitest';
import { open, statementPayloadType } from '../../fingerprint/envelope.ts';
import { openPrivateKey, sealPrivateKey } from '../../fingerprint/keys.ts';
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
import { baseline, vendor } from '../fakes/trust.ts';

/** Attacks on what reads documents, beside the genuine thing. The list of all attacks is in threats.test.ts. */

const [program] = baseline.behaviour.programs;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

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
