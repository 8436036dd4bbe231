import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { open, statementPayloadType } from '../../fingerprint/envelope.ts';
import { exportPredicate } from '../../fingerprint/export-predicate.ts';
import { type PublicKey, parsePublicPem } from '../../fingerprint/keys.ts';
import { signersOf } from '../../fingerprint/signatures.ts';
import { parseStatement } from '../../fingerprint/statement.ts';
import { cosignKey, cosignStatement, newerStatement } from '../fakes/cosign.ts';
import { baseline, imageDigest, imageName, signOptions } from '../fakes/trust.ts';

/** What cosign and actions/attest make of an exported predicate, in the very form of their bytes. */
const cosign = cosignKey();
const other = cosignKey();
afterAll(() => [cosign, other].map((key) => key.close()));
const key = parsePublicPem(cosign.publicPem);
const image = { name: imageName, digest: imageDigest };
const [program] = baseline.behaviour.programs;
// Go writes these three otherwise than anybody else.
const learned = {
  ...baseline,
  behaviour: { programs: program === undefined ? [] : [{ ...program, args: [['cart', '<a> & "é"\u2028']] }] },
};
const predicate = JSON.parse(Buffer.from(exportPredicate(learned, signOptions)).toString());

const read = (bytes: Uint8Array, keys: readonly PublicKey[] = [key]) => {
  const envelope = open(bytes, [statementPayloadType]);
  return { signers: signersOf(envelope, keys), statement: parseStatement(envelope.payload) };
};
const code = (wanted: string): object => expect.objectContaining({ code: wanted });

describe.each([
  ['cosign attest', cosignStatement(predicate, image)],
  ['newer cosign, actions/attest', newerStatement(predicate, image)],
])('a statement by %s', (_who, statement) => {
  it.each([
    ['an envelope', cosign.envelope(statement)],
    ['a bundle v0.3 with log entries and timestamps', cosign.bundle(statement)],
  ])('is read from %s', (_form, bytes) => {
    const { signers, statement: told } = read(bytes);
    expect(signers).toEqual([key]);
    expect(told.digests).toEqual([imageDigest]);
    expect(told.fingerprint).toMatchObject({ behaviour: learned.behaviour, version: signOptions.version });
  });

  it('is refused when a byte of it changed, and under another key', () => {
    const changed = statement.replace('"/usr/bin/cart"', '"/usr/bin/tart"');
    expect(changed).not.toBe(statement);
    const payload = (text: string): string => Buffer.from(text).toString('base64');
    const swapped = Buffer.from(
      cosign.envelope(statement).toString().replace(payload(statement), payload(changed)),
    );
    expect(() => read(swapped)).toThrow(code('BAD_SIGNATURE'));
    expect(() => read(other.envelope(statement))).toThrow(code('BAD_SIGNATURE'));
    expect(() => read(cosign.bundle(statement), [parsePublicPem(other.publicPem)])).toThrow(
      code('BAD_SIGNATURE'),
    );
  });
});

describe('the form of what cosign writes', () => {
  const statement = cosignStatement(predicate, image);

  it('is not ours, and needs not be', () => {
    expect(statement).toMatch(/^\{"_type":"https:\/\/in-toto\.io\/Statement\/v0\.1","predicateType":/);
    expect(statement).toContain('\\u003ca\\u003e \\u0026');
    expect(statement).toContain('\\u2028');
  });

  // Else whoever holds a key could give our own statements a second form, and the same approval two identities.
  it.each([
    ['v0.1', statement, 'STATEMENT_TYPE'],
    ['v1, not canonical', newerStatement(predicate, image), 'NOT_CANONICAL'],
  ])('is refused for a statement that says whorl wrote it: %s', (_form, text, wanted) => {
    const ours = text.replace('"name":"whorl-predicate"', '"name":"whorl"');
    expect(ours).not.toBe(text);
    expect(() => read(cosign.envelope(ours))).toThrow(code(wanted));
  });

  it('is refused under a third version of the statement', () => {
    const third = statement.replace('Statement/v0.1', 'Statement/v0.2');
    expect(() => read(cosign.envelope(third))).toThrow(code('STATEMENT_TYPE'));
  });
});

describe('the vectors', () => {
  const vectors = JSON.parse(readFileSync(new URL('../vectors/cosign.json', import.meta.url), 'utf8'));

  it.each(['envelope', 'bundle'])('are accepted: %s', (form) => {
    const { statement: told } = read(Buffer.from(vectors[form]), [parsePublicPem(vectors.publicKey)]);
    expect(`${told.fingerprint.subject.name}@${told.digests[0]}`).toBe(vectors.image);
    expect(told.fingerprint.behaviour).toEqual(learned.behaviour);
  });
});

describe('a bundle of cosign', () => {
  const bundle = JSON.parse(cosign.bundle(cosignStatement(predicate, image)).toString());
  const { verificationMaterial: material, dsseEnvelope } = bundle;
  const given = (value: unknown) => read(Buffer.from(JSON.stringify(value)));

  it.each([
    ['another hint', { ...bundle, verificationMaterial: { ...material, publicKey: { hint: 'SHA256:abc' } } }],
    ['no hint', { ...bundle, verificationMaterial: { publicKey: {} } }],
    ['members nobody knows', { ...bundle, more: 1, dsseEnvelope: { ...dsseEnvelope, more: [] } }],
    [
      'an empty key id',
      {
        ...bundle,
        dsseEnvelope: { ...dsseEnvelope, signatures: [{ ...dsseEnvelope.signatures[0], keyid: '' }] },
      },
    ],
    [
      'a key id in the form of OpenSSH',
      {
        ...bundle,
        dsseEnvelope: {
          ...dsseEnvelope,
          signatures: [
            { ...dsseEnvelope.signatures[0], keyid: 'SHA256:kDLOLXL8dVGMJkSU6u4OmZ+nIb6RSlFDIgQn' },
          ],
        },
      },
    ],
  ])('is read with %s', (_name, value) => {
    expect(given(value).signers).toEqual([key]);
  });

  it('with a certificate says what to do instead', () => {
    const keyless = { ...bundle, verificationMaterial: { certificate: { rawBytes: 'AAAA' } } };
    expect(() => given(keyless)).toThrow(
      expect.objectContaining({
        code: 'BUNDLE_UNSUPPORTED',
        message: expect.stringMatching(/keyless.*cosign attest --key.*trust policy/),
      }),
    );
  });
});
