import { describe, expect, it } from 'vitest';
import { baseline, now, policy, signOptions, stranger, vendor } from '../test/fakes/trust.ts';
import { readClaims } from './claims.ts';
import { countersign } from './countersign.ts';
import { open, policyPayloadType, seal, statementPayloadType } from './envelope.ts';
import { signFingerprint } from './sign.ts';
import { verifyFingerprint } from './verify.ts';

const { envelope, bundle, digest } = signFingerprint(baseline, signOptions, vendor);
const signaturesOf = (bytes: Uint8Array): number => open(bytes, [statementPayloadType]).signatures.length;

describe('countersign', () => {
  it('adds a signature, and the fingerprint stays the one it was', () => {
    const both = countersign(envelope, stranger);
    expect([signaturesOf(both.envelope), both.claims.digest, both.isRepeated]).toEqual([2, digest, false]);
    expect(verifyFingerprint(both.envelope, policy, { now }).digest).toBe(digest);
  });

  it('makes an envelope of a bundle, which has room for one signature only', () => {
    expect(signaturesOf(countersign(bundle, stranger).envelope)).toBe(2);
  });

  it('changes nothing when the key has signed already, whatever its id says there', () => {
    expect(countersign(envelope, vendor)).toMatchObject({ isRepeated: true, envelope });
    expect(countersign(bundle, vendor).isRepeated).toBe(true);
  });

  it('signs nothing that verify would refuse to read', () => {
    const payload = new TextEncoder().encode('{"_type":"https://in-toto.io/Statement/v1"}');
    const odd = seal(statementPayloadType, payload, [vendor]);
    expect(() => countersign(odd, stranger)).toThrow(expect.objectContaining({ code: 'PREDICATE_TYPE' }));
    const trust = seal(policyPayloadType, payload, [vendor]);
    expect(() => countersign(trust, stranger)).toThrow(expect.objectContaining({ code: 'PAYLOAD_TYPE' }));
  });

  it('signs no secret that another let through', () => {
    const token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
    const programs = baseline.behaviour.programs.map((p) => ({ ...p, args: [['cart', token]] }));
    const leaky = { ...baseline, behaviour: { programs } };
    const id =
      /found: ([^;,)]+)/.exec(messageOf(() => signFingerprint(leaky, signOptions, vendor)))?.[1] ?? '';
    const theirs = signFingerprint(leaky, { ...signOptions, allowSecrets: [id] }, vendor).envelope;
    expect(() => countersign(theirs, stranger)).toThrow(expect.objectContaining({ code: 'SECRET_FOUND' }));
    expect(countersign(theirs, stranger, [id]).isRepeated).toBe(false);
  });
});

it('readClaims tells image, stream and version of what it cannot prove', () => {
  expect(readClaims(bundle)).toMatchObject({
    kind: 'base',
    digest,
    subjects: [baseline.subject],
    options: { stream: signOptions.stream, version: signOptions.version },
  });
});

function messageOf(act: () => unknown): string {
  try {
    act();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}
