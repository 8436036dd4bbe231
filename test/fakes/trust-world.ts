import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Io } from '../../cli/io.ts';
import { main } from '../../cli/main.ts';
import { readChunks, readFile } from '../../cli/read-file.ts';
import { writeFile } from '../../cli/write-file.ts';
import { privatePem, publicPem } from '../../fingerprint/keys.ts';
import { newTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import { signFingerprint } from '../../fingerprint/sign.ts';
import { trustPolicyDocument } from '../../fingerprint/trust-policy-writer.ts';
import { type FakeIo, fakeIo } from './io.ts';
import { baseline, imageName, now, signOptions, stranger, vendor } from './trust.ts';

/** A directory of real files, as a vendor and an operator would have them, and the command line on it. */
export function trustWorld() {
  const directory = mkdtempSync(join(tmpdir(), 'whorl-trust-'));
  const at = (name: string): string => join(directory, name);
  const given = (name: string, content: string | Uint8Array): string => {
    writeFileSync(at(name), content, { mode: 0o600 });
    return at(name);
  };
  const options = { ...signOptions, version: 1, stream: imageName };
  const { envelope, bundle } = signFingerprint(baseline, options, vendor);
  const policy = newTrustPolicy({
    signer: vendor.publicKey,
    owner: 'Shop Inc',
    image: 'registry.example/shop/**',
    maxMode: 'kill',
    issuedAt: '2026-05-01T00:00:00Z',
  });
  return {
    directory,
    at,
    given,
    baseline: given('baseline.json', JSON.stringify(baseline)),
    key: given('vendor.key', privatePem(vendor)),
    pub: given('vendor.pub', publicPem(vendor.publicKey)),
    stranger: given('stranger.pub', publicPem(stranger.publicKey)),
    policy: given('policy.json', JSON.stringify(trustPolicyDocument(policy))),
    signed: given('cart.intoto.json', envelope),
    bundle: given('cart.bundle.json', bundle),
    remove: (): void => rmSync(directory, { recursive: true }),
    async whorl(args: readonly string[], more: Partial<Io> = {}): Promise<FakeIo> {
      const io = fakeIo({}, { readFile, readChunks, writeFile, now: () => now, ...more });
      await main(args, io);
      return io;
    },
  };
}
