import { describe, expect, it } from 'vitest';
import { refuses, seals, verify } from '../test/fakes/signed.ts';
import { baseline, policy, signOptions, testKey, vendor } from '../test/fakes/trust.ts';
import type { Scope } from './fingerprint.ts';
import { learnerTrustPolicy, newTrustPolicy } from './new-trust-policy.ts';
import { parseTrustPolicy } from './parse-trust-policy.ts';
import { signProvisional } from './provisional.ts';
import { statementBytes } from './statement.ts';
import type { TrustPolicy } from './trust-policy.ts';
import { trustPolicyDocument } from './trust-policy-writer.ts';

const learner = testKey(5);
const issuedAt = '2026-05-02T09:00:00Z';
const scope: Scope = {
  cluster: 'prod',
  namespace: 'shop',
  owner: 'Deployment/cart',
  container: 'cart',
  role: 'main',
};
const signProvisionally = (version: number): Uint8Array =>
  signProvisional({ ...baseline, scope }, { workload: 'f'.repeat(64), version, issuedAt }, learner).envelope;
const learned = signProvisionally(1);
const site: TrustPolicy = { ...policy, ...withKeys(), learnerKeys: [learner.publicKey] };

function withKeys(): Pick<TrustPolicy, 'keys'> {
  const trusted = { key: learner.publicKey, owner: 'learned by the collector' };
  return { keys: new Map([...policy.keys, [learner.publicKey.keyId, trusted]]) };
}

describe('what a collector learned', () => {
  it('judges its own scope, and alerts at most', () => {
    expect(verify(learned, {}, site)).toMatchObject({
      provisional: true,
      maxMode: 'alert',
      rule: '',
      signers: [{ owner: 'learned by the collector' }],
      fingerprint: { scope, stream: `learned/${'f'.repeat(64)}` },
    });
    expect(verify(seals(statementBytes(baseline, signOptions), vendor), {}, site).provisional).toBe(false);
  });

  it('needs no rule, and is held lower by one', () => {
    expect(verify(learned, {}, learnerTrustPolicy({ learnerKey: learner.publicKey, issuedAt })).maxMode).toBe(
      'alert',
    );
    const [rule] = site.rules;
    const observed = { ...site, rules: rule === undefined ? [] : [{ ...rule, maxMode: 'observe' as const }] };
    expect(verify(learned, {}, observed).maxMode).toBe('observe');
  });

  it('goes no further when a rule names the learner among those who may kill', () => {
    const rules = [
      {
        name: 'all',
        images: ['**'],
        sign: { keys: [learner.publicKey.keyId], threshold: 1 },
        maxMode: 'kill' as const,
      },
    ];
    expect(verify(learned, {}, { ...site, rules })).toMatchObject({ provisional: true, maxMode: 'alert' });
    const vendors = seals(statementBytes(baseline, signOptions), learner);
    expect(() => verify(vendors, {}, { ...site, rules })).toThrow(refuses('KEY_NOT_ALLOWED', 'signatures'));
  });

  it('is no more than that: not for everybody, not in the stream of others', () => {
    const anybody = statementBytes(baseline, { ...signOptions, stream: 'learned/x' });
    expect(() => verify(seals(anybody, learner), {}, site)).toThrow(refuses('KEY_NOT_ALLOWED'));
    const posing = statementBytes({ ...baseline, scope }, signOptions);
    expect(() => verify(seals(posing, learner), {}, site)).toThrow(/learner alone/);
  });

  it('becomes a person’s when a person signs it too', () => {
    const payload = statementBytes({ ...baseline, scope }, { ...signOptions, stream: 'learned/x' });
    expect(verify(seals(payload, learner, vendor), {}, site)).toMatchObject({
      provisional: false,
      maxMode: 'kill',
    });
  });

  it('counts its versions apart from everybody else’s', () => {
    const stream = `learned/${'f'.repeat(64)}`;
    const high = verify(
      seals(statementBytes(baseline, { ...signOptions, stream, version: 99 }), vendor),
      {},
      site,
    );
    const seen = new Map([[high.stream, { version: 99, digest: high.digest }]]);
    expect(verify(learned, { seen }, site).fingerprint.version).toBe(1);
    const own = verify(signProvisionally(2), {}, site);
    const later = new Map([[own.stream, { version: 2, digest: own.digest }]]);
    expect(() => verify(learned, { seen: later }, site)).toThrow(refuses('ROLLBACK'));
  });

  it('is refused in words of its own where nobody may learn', () => {
    expect(() => verify(learned)).toThrow(refuses('NO_LEARNER', 'signatures'));
    const others = { ...policy, learnerKeys: [testKey(9).publicKey] };
    expect(() => verify(learned, {}, others)).toThrow(refuses('UNKNOWN_KEY'));
    const vendors = seals(statementBytes(baseline, signOptions), testKey(66));
    expect(() => verify(vendors)).toThrow(refuses('UNKNOWN_KEY'));
  });
});

describe('the learner’s role', () => {
  const made = newTrustPolicy({
    signer: vendor.publicKey,
    owner: 'Shop Inc',
    image: '**',
    maxMode: 'kill',
    learnerKey: learner.publicKey,
    issuedAt,
  });

  it.each([
    ['beside a signer', made],
    ['alone, so that no rule is needed', learnerTrustPolicy({ learnerKey: learner.publicKey, issuedAt })],
  ])('stands in a policy %s', (_name, p) => {
    expect(p.learnerKeys).toEqual([learner.publicKey]);
    expect(parseTrustPolicy(JSON.parse(JSON.stringify(trustPolicyDocument(p))))).toEqual(p);
  });

  it('is the only reason for a policy without rules', () => {
    const { roles: _roles, ...document } = trustPolicyDocument(made) as Record<string, unknown>;
    expect(() => parseTrustPolicy({ ...document, rules: [] })).toThrow(/rules must hold at least one rule/);
    expect(() => parseTrustPolicy({ ...document, roles: { teacher: {} } })).toThrow(
      /roles.teacher is not known/,
    );
  });
});
