import type { Baseline } from '../../fingerprint/fingerprint.ts';
import type { OverlayContent } from '../../fingerprint/overlay.ts';
import type { StatementOptions } from '../../fingerprint/statement.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import { baseline, imageName, policy, testKey, vendor } from './trust.ts';

/** The site's own key, which may bind what the vendor leaves open and sign nothing else. */
export const site = testKey(4);

const [rule] = policy.rules;
if (rule === undefined) throw new Error('the policy of the tests has a rule');

export const sitePolicy: TrustPolicy = {
  ...policy,
  keys: new Map([...policy.keys, [site.publicKey.keyId, { key: site.publicKey, owner: 'Operations' }]]),
  rules: [
    {
      ...rule,
      sign: { keys: [vendor.publicKey.keyId], threshold: 1 },
      overlay: { keys: [site.publicKey.keyId], threshold: 1, mayWiden: [] },
    },
  ],
};

/** What a vendor leaves to the site: a database, and where the data lies. */
export const openBaseline: Baseline = {
  ...baseline,
  parameters: [
    { kind: 'site', name: 'database', what: 'the PostgreSQL server of the shop' },
    { kind: 'volume', name: 'data', what: 'where carts are kept' },
  ],
  behaviour: {
    programs: baseline.behaviour.programs.map((p) => ({
      ...p,
      files: [
        { path: '/etc/cart.conf', access: ['read'] },
        { path: '{volume:data}/**', access: ['create', 'read', 'write'] },
      ],
      network: [{ do: 'connect', transport: 'tcp', peer: '{site:database}', port: 5432 }],
    })),
  },
};

export const overlayOptions: StatementOptions = {
  stream: imageName,
  version: 3,
  issuedAt: '2026-05-02T10:00:00Z',
  expiresAt: '2026-11-02T10:00:00Z',
};

export const overlayFor = (base: string): OverlayContent => ({
  subject: baseline.subject,
  base,
  reason: 'OPS-17: the shop database',
  bindings: {
    sites: new Map([['database', [{ peer: 'db.corp.example' }, { peer: '10.0.0.9', port: 6432 }]]]),
    volumes: new Map([['data', ['/srv/carts']]]),
  },
});
