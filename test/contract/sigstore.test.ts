import { createPublicKey } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, Verifier } from '@sigstore/verify';
import { afterAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../fingerprint/digest.ts';
import { type PublicKey, publicPem } from '../../fingerprint/keys.ts';
import { signFingerprint } from '../../fingerprint/sign.ts';
import { cosignKey, cosignStatement } from '../fakes/cosign.ts';
import { baseline, imageDigest, imageName, signOptions, stranger, vendor } from '../fakes/trust.ts';

/** The verifier of the Sigstore project, for which a bundle of ours is one of many: nothing here is told about Whorl. */
const { bundle } = signFingerprint(baseline, signOptions, vendor);
const parsed = JSON.parse(Buffer.from(bundle).toString());
const hintOf = (spki: Uint8Array): string => Buffer.from(sha256(spki)).toString('base64');

/** Trust in these keys alone, found by the hint of the bundle; no certificates, logs or timestamps are asked for. */
function verifierFor(pems: ReadonlyMap<string, string>): (value: unknown) => unknown {
  const verifier = new Verifier(
    {
      certificateAuthorities: [],
      timestampAuthorities: [],
      tlogs: [],
      ctlogs: [],
      publicKey: (hint) => {
        const pem = pems.get(hint);
        if (pem === undefined) throw new Error(`no key for ${hint}`);
        return { publicKey: createPublicKey(pem), validFor: () => true };
      },
    },
    { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 },
  );
  return (value) => verifier.verify(toSignedEntity(bundleFromJSON(value)));
}

const under = (hint: PublicKey, key: PublicKey) =>
  verifierFor(new Map([[hintOf(hint.spki), publicPem(key)]]));
const withPayload = (change: (text: string) => string): unknown => {
  const text = Buffer.from(parsed.dsseEnvelope.payload, 'base64').toString();
  expect(change(text)).not.toBe(text);
  const payload = Buffer.from(change(text)).toString('base64');
  return { ...parsed, dsseEnvelope: { ...parsed.dsseEnvelope, payload } };
};

describe('@sigstore/verify', () => {
  const verify = under(vendor.publicKey, vendor.publicKey);

  it('verifies our bundle', () => {
    expect(() => verify(parsed)).not.toThrow();
  });

  it('refuses it when the content was changed', () => {
    expect(() => verify(withPayload((text) => text.replace('8080', '8081')))).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_ERROR' }),
    );
  });

  it('refuses it under another key with the same hint', () => {
    expect(() => under(vendor.publicKey, stranger.publicKey)(parsed)).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_ERROR' }),
    );
  });

  it('finds no key when it holds only others', () => {
    expect(() => under(stranger.publicKey, stranger.publicKey)(parsed)).toThrow(/no key for/);
  });
});

describe('@sigstore/verify and ours', () => {
  const cosign = cosignKey();
  afterAll(() => cosign.close());

  it('agree on a P-256 bundle as cosign writes it, without its log entry', () => {
    const statement = cosignStatement({}, { name: imageName, digest: imageDigest });
    const theirs = JSON.parse(cosign.bundle(statement).toString());
    const { publicKey } = theirs.verificationMaterial;
    const bare = { ...theirs, verificationMaterial: { publicKey } };
    const verify = verifierFor(new Map([[publicKey.hint, cosign.publicPem]]));
    expect(() => verify(bare)).not.toThrow();
  });
});
