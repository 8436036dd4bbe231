import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { generateKey, type PrivateKey } from '../../fingerprint/keys.ts';
import { newTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import type { SignOptions } from '../../fingerprint/sign.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';

/** A key that is the same in every run. */
export function testKey(n: number): PrivateKey {
  return generateKey((length) => new Uint8Array(length).fill(n));
}

export const vendor = testKey(1);
export const stranger = testKey(2);
export const commander = testKey(3);

export const imageName = 'registry.example/shop/cart';
export const imageDigest = `sha256:${'ab'.repeat(32)}`;

/** A small baseline with one of everything. */
export const baseline: Baseline = {
  format: 'whorl-baseline/v1',
  subject: { name: imageName, digest: imageDigest },
  rules: { normaliser: 1, generaliser: 1, sensitive: 1 },
  coverage: ['connect', 'exec', 'open'],
  behaviour: {
    programs: [
      {
        id: 'p0',
        root: 'entrypoint',
        parents: ['#entrypoint'],
        exe: '/usr/bin/cart',
        origins: ['image'],
        args: [['cart', '--port', '8080']],
        env: [],
        files: [{ path: '/etc/cart.conf', access: ['read'] }],
        network: [{ do: 'connect', transport: 'tcp', peer: 'db.shop', port: 5432 }],
        privileges: [],
      },
    ],
  },
  observation: {
    startedAt: '2026-05-01T08:00:00Z',
    finishedAt: '2026-05-02T08:00:00Z',
    source: 'sensor',
    events: 4711,
    lost: 0,
    instances: ['0a1b'],
  },
};

export const signOptions: SignOptions = {
  stream: imageName,
  version: 7,
  issuedAt: '2026-05-02T09:00:00Z',
  expiresAt: '2027-05-02T09:00:00Z',
};

/** Noon of the day after signing. */
export const now = 1_777_809_600_000;

export const policy: TrustPolicy = newTrustPolicy({
  signer: vendor.publicKey,
  owner: 'Shop Inc',
  image: 'registry.example/shop/**',
  maxMode: 'kill',
  issuedAt: '2026-05-01T00:00:00Z',
});
