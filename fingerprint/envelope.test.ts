import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stranger, testKey, vendor } from '../test/fakes/trust.ts';
import { encodeBase64 } from './base64.ts';
import { commandPayloadType, open, pae, seal, statementPayloadType } from './envelope.ts';
import { publicFromSpki } from './keys.ts';
import { signersOf } from './signatures.ts';
import { renderBundle } from './sigstore-bundle.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const payload = utf8('{"hello":"world"}');
const good = {
  payloadType: statementPayloadType,
  payload: encodeBase64(payload),
  signatures: [{ sig: 'AAAA' }],
};
const read = (value: unknown) => open(utf8(JSON.stringify(value)), [statementPayloadType]);
const error = (code: string, field?: string): object =>
  expect.objectContaining(field === undefined ? { code } : { code, field });

interface DsseVector {
  readonly name: string;
  readonly payloadType: string;
  readonly payload: string;
  readonly pae: string;
  readonly seed: string;
  readonly envelope: string;
}
const vectors: DsseVector[] = JSON.parse(
  readFileSync(new URL('../test/vectors/dsse.json', import.meta.url), 'utf8'),
);

describe('pae', () => {
  it('is the example of the DSSE specification', () => {
    expect(text(pae('http://example.com/HelloWorld', utf8('hello world')))).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
  });

  it('counts bytes, not characters', () => {
    expect(text(pae('é', utf8('😀')))).toBe('DSSEv1 2 é 4 😀');
  });

  it.each(vectors)('agrees with the vector $name', (v) => {
    const body = new Uint8Array(Buffer.from(v.payload, 'base64'));
    expect(encodeBase64(pae(v.payloadType, body))).toBe(v.pae);
    const seed = new Uint8Array(Buffer.from(v.seed, 'hex'));
    const { publicKey } = vendor;
    expect(text(seal(v.payloadType, body, [{ seed, publicKey }]))).toContain(
      JSON.parse(v.envelope).signatures[0].sig,
    );
    expect(open(utf8(v.envelope), [v.payloadType]).payload).toEqual(body);
  });
});

describe('open', () => {
  it('gives back what was sealed', () => {
    const sealed = seal(statementPayloadType, payload, [vendor, stranger]);
    const opened = open(sealed, [statementPayloadType]);
    expect(opened.payload).toEqual(payload);
    expect(opened.signatures.map((s) => s.keyId)).toEqual([vendor.publicKey.keyId, stranger.publicKey.keyId]);
  });

  it('reads URL-safe and unpadded base64 and ignores members it does not know', () => {
    const body = encodeBase64(Uint8Array.of(0xfb, 0xff))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '');
    expect(read({ ...good, payload: body, more: 1 }).payload).toEqual(Uint8Array.of(0xfb, 0xff));
  });

  it.each([
    ['text that is no JSON', 'hello', 'ENVELOPE_SYNTAX'],
    ['nothing', '', 'ENVELOPE_SYNTAX'],
    ['a truncated envelope', JSON.stringify(good).slice(0, -5), 'ENVELOPE_SYNTAX'],
    ['two members of one name', '{"payload":"","payload":"AAAA"}', 'ENVELOPE_SYNTAX'],
    ['deep nesting', '['.repeat(33), 'ENVELOPE_SYNTAX'],
    ['more after the end', `${JSON.stringify(good)}{}`, 'ENVELOPE_SYNTAX'],
    ['more than 4 MiB', ' '.repeat(4 * 1024 * 1024 + 1), 'TOO_LARGE'],
  ])('refuses %s', (_name, json, code) => {
    expect(() => open(utf8(json), [statementPayloadType])).toThrow(error(code));
  });

  it.each([
    ['an array', [], 'ENVELOPE_SHAPE', ''],
    ['null', null, 'ENVELOPE_SHAPE', ''],
    ['payload as number', { ...good, payload: 1 }, 'ENVELOPE_SHAPE', 'payload'],
    ['no payload type', { ...good, payloadType: undefined }, 'ENVELOPE_SHAPE', 'payloadType'],
    ['no signatures', { ...good, signatures: undefined }, 'ENVELOPE_SHAPE', 'signatures'],
    ['an empty list of signatures', { ...good, signatures: [] }, 'NO_SIGNATURE', 'signatures'],
    [
      '17 signatures',
      { ...good, signatures: Array(17).fill({ sig: '' }) },
      'TOO_MANY_SIGNATURES',
      'signatures',
    ],
    ['a signature that is text', { ...good, signatures: ['AAAA'] }, 'ENVELOPE_SHAPE', 'signatures[0]'],
    ['a signature without sig', { ...good, signatures: [{}] }, 'ENVELOPE_SHAPE', 'signatures[0].sig'],
    [
      'a key id that is a number',
      { ...good, signatures: [{ keyid: 1, sig: '' }] },
      'ENVELOPE_SHAPE',
      'signatures[0].keyid',
    ],
    ['junk in the payload', { ...good, payload: 'aGVs!!\nbG8=' }, 'BASE64', 'payload'],
    ['junk in a signature', { ...good, signatures: [{ sig: 'A A' }] }, 'BASE64', 'signatures[0].sig'],
    ['another payload type', { ...good, payloadType: commandPayloadType }, 'PAYLOAD_TYPE', 'payloadType'],
    [
      'a payload type in other case',
      { ...good, payloadType: statementPayloadType.toUpperCase() },
      'PAYLOAD_TYPE',
      'payloadType',
    ],
  ])('refuses %s', (_name, value, code, field) => {
    expect(() => read(value)).toThrow(error(code, field));
  });

  it.each([
    [{ format: 'whorl-baseline/v1' }, /is an unsigned baseline/],
    [{ keys: {}, rules: [] }, /is a trust policy/],
    [{ predicateType: 'x', _type: 'y' }, /is an in-toto statement without a signature/],
    [{ anything: 1 }, /is not a signed envelope/],
  ])('says what %j is instead', (value, message) => {
    expect(() => read(value)).toThrow(message);
  });
});

describe('a Sigstore bundle', () => {
  const sealed = open(seal(statementPayloadType, payload, [vendor]), [statementPayloadType]);
  const signature = sealed.signatures[0]?.sig ?? new Uint8Array();
  const bytes = renderBundle({ payloadType: statementPayloadType, payload, signature }, vendor.publicKey);
  const bundle = JSON.parse(text(bytes));

  it('carries the same signature without a key id', () => {
    const opened = open(bytes, [statementPayloadType]);
    expect(opened.payload).toEqual(payload);
    expect(opened.signatures).toEqual([{ keyId: '', sig: signature }]);
    expect(signersOf(opened, [stranger.publicKey, vendor.publicKey])).toEqual([vendor.publicKey]);
    expect(bundle.verificationMaterial.publicKey.hint).toBe(
      Buffer.from(vendor.publicKey.keyId, 'hex').toString('base64'),
    );
  });

  it.each([
    [
      'another version',
      { ...bundle, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' },
      'BUNDLE_UNSUPPORTED',
    ],
    [
      'a certificate',
      { ...bundle, verificationMaterial: { x509CertificateChain: {} } },
      'BUNDLE_UNSUPPORTED',
    ],
    [
      'two signatures',
      { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, signatures: [{ sig: '' }, { sig: '' }] } },
      'BUNDLE_UNSUPPORTED',
    ],
    [
      'the signature of a bare file',
      { ...bundle, dsseEnvelope: undefined, messageSignature: { signature: 'AAAA' } },
      'BUNDLE_UNSUPPORTED',
    ],
    ['no material', { ...bundle, verificationMaterial: undefined }, 'ENVELOPE_SHAPE'],
    ['no envelope', { ...bundle, dsseEnvelope: [] }, 'ENVELOPE_SHAPE'],
  ])('is refused with %s', (_name, value, code) => {
    expect(() => read(value)).toThrow(error(code));
  });
});

describe('signersOf', () => {
  const opened = (...keys: (typeof vendor)[]) =>
    open(seal(statementPayloadType, payload, keys), [statementPayloadType]);
  const all = [vendor.publicKey, stranger.publicKey];

  it('names the trusted keys whose signatures hold, each once', () => {
    expect(signersOf(opened(vendor, stranger, vendor), all)).toEqual(all);
    expect(signersOf(opened(vendor, testKey(9)), all)).toEqual([vendor.publicKey]);
  });

  it('counts one key once, however often it is listed as trusted', () => {
    const again = { ...vendor.publicKey };
    expect(signersOf(opened(vendor, vendor), [vendor.publicKey, again])).toHaveLength(1);
  });

  it('finds the key without a key id', () => {
    const envelope = opened(vendor);
    const nameless = { ...envelope, signatures: envelope.signatures.map((s) => ({ ...s, keyId: '' })) };
    expect(signersOf(nameless, all)).toEqual([vendor.publicKey]);
  });

  it('says why when none holds', () => {
    const envelope = opened(vendor);
    const changed = { ...envelope, payload: utf8('{"hello":"World"}') };
    expect(() => signersOf(envelope, [stranger.publicKey])).toThrow(error('UNKNOWN_KEY'));
    expect(() => signersOf(envelope, [])).toThrow(error('UNKNOWN_KEY'));
    expect(() => signersOf(changed, all)).toThrow(error('BAD_SIGNATURE'));
    const cut = { ...envelope, signatures: envelope.signatures.map((s) => ({ ...s, sig: s.sig.slice(1) })) };
    expect(() => signersOf(cut, all)).toThrow(error('BAD_SIGNATURE'));
    const mixed = { ...opened(vendor, testKey(9)), payload: changed.payload };
    expect(() => signersOf(mixed, all)).toThrow(error('NO_TRUSTED_SIGNATURE'));
  });

  it('takes a key id of another form for none, and tries every key', () => {
    const named = (keyid: string) => {
      const value = JSON.parse(text(seal(statementPayloadType, payload, [vendor])));
      return read({ ...value, signatures: [{ ...value.signatures[0], keyid }] });
    };
    for (const keyid of ['', 'SHA256:kDLOLXL8dVGMJkSU6u4OmZ', 'F'.repeat(64), 'my key', 'f'.repeat(63)])
      expect(signersOf(named(keyid), all)).toEqual([vendor.publicKey]);
    expect(() => signersOf(named('f'.repeat(64)), all)).toThrow(error('UNKNOWN_KEY'));
  });

  it('counts keys, not their names: one key under two ids is one signer', () => {
    const alias = { ...vendor.publicKey, keyId: 'a'.repeat(64) };
    const { signatures, ...envelope } = opened(vendor);
    const twice = [...signatures, ...signatures.map((s) => ({ ...s, keyId: alias.keyId }))];
    expect(signersOf({ ...envelope, signatures: twice }, [vendor.publicKey, alias])).toHaveLength(1);
  });

  it('counts an Ed25519 and a P-256 key over one content as two', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const p256 = publicFromSpki(new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' })));
    const message = pae(statementPayloadType, payload);
    const signature = { keyId: p256.keyId, sig: new Uint8Array(sign('sha256', message, pair.privateKey)) };
    const { signatures, ...envelope } = opened(vendor);
    const both = { ...envelope, signatures: [...signatures, signature] };
    expect(signersOf(both, [p256, vendor.publicKey])).toEqual([vendor.publicKey, p256]);
    const swapped = both.signatures.map((s, i) => ({ ...s, sig: both.signatures[1 - i]?.sig ?? s.sig }));
    expect(() => signersOf({ ...envelope, signatures: swapped }, [p256, vendor.publicKey])).toThrow(
      error('BAD_SIGNATURE'),
    );
  });

  // Each nameless signature is tried under every key, and every try hashes all of the content.
  it('refuses many signatures without a name before it tries them', () => {
    const { signatures, ...envelope } = opened(vendor);
    const nameless = signatures.map((s) => ({ ...s, keyId: '' }));
    const keys = Array.from({ length: 60 }, (_, i) => testKey(i + 1).publicKey);
    const times = (n: number) => ({
      ...envelope,
      signatures: Array.from({ length: n }, () => nameless).flat(),
    });
    expect(signersOf(times(8), keys)).toEqual([vendor.publicKey]);
    expect(() => signersOf(times(9), keys)).toThrow(error('TOO_MANY_SIGNATURES', 'signatures'));
    expect(signersOf(times(1), Array.from({ length: 600 }, () => keys).flat())).toHaveLength(1);
  });

  it('takes no key id as proof', () => {
    const envelope = opened(testKey(9));
    const posing = {
      ...envelope,
      signatures: envelope.signatures.map((s) => ({ ...s, keyId: vendor.publicKey.keyId })),
    };
    expect(() => signersOf(posing, all)).toThrow(error('BAD_SIGNATURE'));
  });
});
