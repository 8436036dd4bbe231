import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { pae, statementPayloadType } from '../../fingerprint/envelope.ts';
import { publicFromSpki } from '../../fingerprint/keys.ts';
import { parseTrustPolicy } from '../../fingerprint/parse-trust-policy.ts';
import { renderBundle } from '../../fingerprint/sigstore-bundle.ts';
import { kindOfEnvelope } from '../../fingerprint/statement-kind.ts';
import { trustPolicyDocument } from '../../fingerprint/trust-policy-writer.ts';
import {
  parse,
  payload,
  predicate,
  refuses,
  says,
  seals,
  signed,
  statement,
  verify,
} from '../fakes/signed.ts';
import { baseline, imageDigest, imageName, now, policy, stranger, vendor } from '../fakes/trust.ts';

/**
 * Six weaknesses that were found by reading the signed profiles of another system. Each was a way for somebody without a
 * pinned key to have a profile of theirs believed; each is tried here.
 */

const { digest } = verify(signed);
const bundle = parse(
  renderBundle(
    {
      payloadType: statementPayloadType,
      payload,
      signature: Buffer.from((parse(signed).signatures as { sig: string }[])[0]?.sig ?? '', 'base64'),
    },
    vendor.publicKey,
  ),
);
const certified = (changes: object): Uint8Array =>
  canonicalBytes({ ...bundle, verificationMaterial: { ...changes } });

describe('no pinned signer: the expected identity is read from the object itself', () => {
  it('what an object says of who may sign it is not asked', () => {
    const annotations = {
      issuer: 'https://accounts.example',
      identity: 'thief',
      keyid: stranger.publicKey.keyId,
    };
    const own = canonicalBytes({ ...parse(seals(payload, stranger)), annotations });
    expect(() => verify(own)).toThrow(refuses('UNKNOWN_KEY'));
    const said = says({ ...statement, predicate: { ...predicate, signer: stranger.publicKey.keyId } });
    expect(verify(said).signers).toEqual([{ keyId: vendor.publicKey.keyId, owner: 'Shop Inc' }]);
  });
});

describe('the certificate is checked at a time that the unsigned part names', () => {
  it('a certificate is not read at all, and no unsigned time is', () => {
    const certificate = { certificate: { rawBytes: 'AAAA' }, timestampVerificationData: {} };
    expect(() => verify(certified(certificate))).toThrow(refuses('BUNDLE_UNSUPPORTED'));
    const expired = says({ ...statement, predicate: { ...predicate, expiresAt: '2026-05-03T00:00:00Z' } });
    const dated = canonicalBytes({ ...parse(expired), timestamp: '2026-05-02T12:00:00Z' });
    expect(verify(dated).warnings.map((w) => w.code)).toEqual(['EXPIRED']);
    expect(verify(dated).maxMode).toBe('alert');
    expect(verify(canonicalBytes(bundle)).digest).toBe(digest);
  });
});

describe('the proof of a log is only tested for being there', () => {
  it('it stands for nothing: with a made-up one a stranger is a stranger, without it the vendor is the vendor', () => {
    const tlogEntries = [{ logIndex: '1', inclusionPromise: { signedEntryTimestamp: 'AAAA' } }];
    const material = { publicKey: { hint: 'AAAA' }, tlogEntries };
    const strangers = {
      ...parse(canonicalBytes(bundle)),
      verificationMaterial: material,
      dsseEnvelope: { ...parse(seals(payload, stranger)) },
    };
    expect(() => verify(canonicalBytes(strangers))).toThrow(refuses('UNKNOWN_KEY'));
    expect(verify(certified(material)).digest).toBe(digest);
  });
});

describe('a tampered or stripped profile is loaded all the same', () => {
  it('unsigned is refused, tampered is refused, and neither is loaded by default', () => {
    const { signatures: _gone, ...stripped } = parse(signed);
    expect(() => verify(canonicalBytes(stripped))).toThrow(refuses('ENVELOPE_SHAPE'));
    expect(() => verify(canonicalBytes({ ...stripped, signatures: [] }))).toThrow(refuses('NO_SIGNATURE'));
    expect(() => verify(canonicalBytes(statement))).toThrow(refuses('ENVELOPE_SHAPE'));
    expect(() => verify(canonicalBytes(baseline))).toThrow(refuses('ENVELOPE_SHAPE'));
    const changed = Buffer.from(payload).toString().replace('5432', '5433');
    const tampered = { ...parse(signed), payload: Buffer.from(changed).toString('base64') };
    expect(() => verify(canonicalBytes(tampered))).toThrow(refuses('BAD_SIGNATURE'));
    // What can be told of it without a signature is only which verifier refuses it.
    expect(kindOfEnvelope(canonicalBytes(tampered))).toBe('base');
  });
});

describe('without the network only "allow untrusted" is left, which believes the key that lies beside the signature', () => {
  it('a pinned key of a file is the ordinary case, P-256 too, and asks nobody', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pinned = publicFromSpki(publicKey.export({ format: 'der', type: 'spki' }));
    const document = {
      ...(trustPolicyDocument(policy) as object),
      keys: {
        [pinned.keyId]: {
          algorithm: pinned.algorithm,
          spki: Buffer.from(pinned.spki).toString('base64'),
          owner: 'Vendor',
        },
      },
      roles: {},
      rules: [
        { name: 'all', images: [imageName], sign: { keys: [pinned.keyId], threshold: 1 }, maxMode: 'alert' },
      ],
    };
    const sig = sign('sha256', pae(statementPayloadType, payload), privateKey).toString('base64');
    const envelope = { ...parse(signed), signatures: [{ keyid: '', sig }] };
    const trust = parseTrustPolicy(document);
    expect(verify(canonicalBytes(envelope), {}, trust).signers).toEqual([
      { keyId: pinned.keyId, owner: 'Vendor' },
    ]);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const forged = sign('sha256', pae(statementPayloadType, payload), other.privateKey).toString('base64');
    const beside = {
      ...envelope,
      signatures: [{ keyid: '', sig: forged }],
      publicKey: other.publicKey.export({ format: 'pem', type: 'spki' }),
    };
    expect(() => verify(canonicalBytes(beside), {}, trust)).toThrow(refuses('BAD_SIGNATURE'));
  });
});

describe('the signed content names a namespace but no digest and no number', () => {
  it('a vendor’s signature holds in every namespace, for one image alone, and an older one does not come back', () => {
    expect(JSON.stringify(statement)).not.toContain('namespace');
    expect(verify(signed, { image: `${imageName}@${imageDigest}` }).fingerprint.scope).toBeUndefined();
    const other = `sha256:${'cd'.repeat(32)}`;
    expect(() => verify(signed, { image: `${imageName}@${other}` })).toThrow(refuses('DIGEST_MISMATCH'));
    const seen = new Map([[verify(signed).stream, { version: 8, digest: other }]]);
    expect(() => verify(signed, { seen, now })).toThrow(refuses('ROLLBACK'));
  });
});
