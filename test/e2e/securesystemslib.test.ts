import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { open, pae, statementPayloadType } from '../../fingerprint/envelope.ts';
import { type PublicKey, parsePublicPem } from '../../fingerprint/keys.ts';
import { signFingerprint } from '../../fingerprint/sign.ts';
import { cosignKey, cosignStatement } from '../fakes/cosign.ts';
import { baseline, imageDigest, imageName, signOptions, stranger, vendor } from '../fakes/trust.ts';

/** The library of TUF and in-toto, as Debian packages it: what a customer has who has never heard of Whorl. */
const script = `
import json, sys
from securesystemslib.signer import Signature, SSlibKey
given = json.load(sys.stdin)
key = SSlibKey(given["keyid"], given["keytype"], given["scheme"], {"public": given["public"]})
try:
    key.verify_signature(Signature(given["keyid"], given["signature"]), bytes.fromhex(given["message"]))
    print("verified")
except Exception as error:
    print(type(error).__name__)
`;

interface Given {
  readonly key: PublicKey;
  /** SPKI PEM, which the library takes for P-256; of Ed25519 it takes the raw key. */
  readonly pem?: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** `verified`, or the name of the exception. Debian's Python: another one does not see Debian's packages. */
function securesystemslib({ key, pem, message, signature }: Given): string {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const isEd25519 = key.algorithm === 'ed25519';
  const input = JSON.stringify({
    keyid: key.keyId,
    keytype: isEd25519 ? 'ed25519' : 'ecdsa',
    scheme: isEd25519 ? 'ed25519' : 'ecdsa-sha2-nistp256',
    public: pem ?? hex(key.raw),
    message: hex(message),
    signature: hex(signature),
  });
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', script], {
    input,
    encoding: 'utf8',
  });
  if (status === 0) return stdout.trim();
  const why = stderr.includes('No module named') || status === null;
  throw new Error(why ? 'this test needs the Debian package python3-securesystemslib' : stderr);
}

function flipped(bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
  return changed;
}

describe('python3-securesystemslib and a fingerprint of ours', () => {
  const envelope = open(signFingerprint(baseline, signOptions, vendor).envelope, [statementPayloadType]);
  const message = pae(envelope.payloadType, envelope.payload);
  const signature = envelope.signatures[0]?.sig ?? new Uint8Array();
  const key = vendor.publicKey;

  it('verifies it', () => {
    expect(securesystemslib({ key, message, signature })).toBe('verified');
  });

  it('refuses it when a bit of the content changed', () => {
    expect(securesystemslib({ key, message: flipped(message), signature })).toBe('UnverifiedSignatureError');
  });

  it('refuses it under another key', () => {
    expect(securesystemslib({ key: stranger.publicKey, message, signature })).toBe(
      'UnverifiedSignatureError',
    );
  });
});

describe('python3-securesystemslib and what cosign made of an exported predicate', () => {
  const [cosign, other] = [cosignKey(), cosignKey()];
  afterAll(() => [cosign, other].map((made) => made.close()));
  const statement = cosignStatement({}, { name: imageName, digest: imageDigest });
  const envelope = open(cosign.envelope(statement), [statementPayloadType]);
  const given = (made: typeof cosign) => ({
    key: parsePublicPem(made.publicPem),
    pem: made.publicPem,
    message: pae(envelope.payloadType, envelope.payload),
    signature: envelope.signatures[0]?.sig ?? new Uint8Array(),
  });

  it('gives the answers we give', () => {
    const good = given(cosign);
    expect(securesystemslib(good)).toBe('verified');
    expect(securesystemslib({ ...good, message: flipped(good.message) })).toBe('UnverifiedSignatureError');
    expect(securesystemslib(given(other))).toBe('UnverifiedSignatureError');
  });
});
