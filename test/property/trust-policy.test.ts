import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { policyPayloadType, seal, statementPayloadType } from '../../fingerprint/envelope.ts';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { parseTrustPolicy } from '../../fingerprint/parse-trust-policy.ts';
import { verifyPolicyChain } from '../../fingerprint/policy-chain.ts';
import { withRetired, withRevoked } from '../../fingerprint/policy-change.ts';
import { statementBytes } from '../../fingerprint/statement.ts';
import { ceilingClasses } from '../../fingerprint/trust-classes.ts';
import type { KeySet, TrustedKey, TrustPolicy } from '../../fingerprint/trust-policy.ts';
import { trustPolicyDocument, trustPolicyPayload } from '../../fingerprint/trust-policy-writer.ts';
import { modes } from '../../fingerprint/verdict.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../../fingerprint/verify.ts';
import { baseline, imageName, now, signOptions, testKey } from '../fakes/trust.ts';

/** Few keys, so that random sets of them meet often. */
const keys = [31, 32, 33, 34].map(testKey);
const ids = keys.map((k) => k.publicKey.keyId);
const at = '2026-05-01T00:00:00Z';
const atMs = Date.parse(at);
const scope = { cluster: 'c', namespace: 'n', owner: 'o', container: 'main', role: 'main' } as const;
const payloads = [
  statementBytes(baseline, signOptions),
  statementBytes({ ...baseline, scope }, { ...signOptions, stream: 'learned/x' }),
];

const some = fc.subarray(ids, { minLength: 1 });
const keySet: fc.Arbitrary<KeySet> = some.chain((chosen) =>
  fc.integer({ min: 1, max: chosen.length }).map((threshold) => ({ keys: chosen, threshold })),
);
const window = fc.constantFrom({}, {}, {}, { notAfter: at }, { notBefore: '2026-01-01T00:00:00Z' });
const trustedKeys = fc
  .tuple(window, window, window, window)
  .map(
    (windows): ReadonlyMap<string, TrustedKey> =>
      new Map(
        keys.map(({ publicKey }, i): [string, TrustedKey] => [
          publicKey.keyId,
          { key: publicKey, owner: `k${i}`, ...windows[i] },
        ]),
      ),
  );
const rule = fc.record({
  name: fc.constantFrom('a', 'b'),
  images: fc.constantFrom(['**'], ['registry.example/**'], ['registry.example/other'], [imageName]),
  sign: keySet,
  approve: fc.option(keySet, { nil: undefined }),
  maxMode: fc.constantFrom(...modes),
  ceiling: fc.subarray([...ceilingClasses]),
});

/** Any policy that can be read. */
const anyPolicy: fc.Arbitrary<TrustPolicy> = fc
  .record({
    known: trustedKeys,
    rules: fc.uniqueArray(rule, { minLength: 1, maxLength: 2, selector: (r) => r.name }),
    root: fc.option(keySet, { nil: undefined }),
    learner: fc.option(fc.constantFrom(...ids), { nil: undefined }),
    retired: fc.subarray(ids, { maxLength: 1 }),
    revoked: fc.subarray(ids, { maxLength: 1 }),
  })
  .map(({ known, rules, root, learner, retired, revoked }) => ({
    version: 1,
    issuedAt: at,
    keys: known,
    ...(root === undefined ? {} : { root }),
    commandKeys: [],
    learnerKeys: learner === undefined ? [] : keyOf(known, learner),
    rules: rules.map(({ approve, ...r }) => ({ ...r, ...(approve === undefined ? {} : { approve }) })),
    retired: new Map(retired.map((id) => [id, { at, keeps: [] }])),
    revoked: {
      keys: new Map(revoked.map((id) => [id, { at, reason: 'r' }])),
      payloads: new Map(),
      minVersions: new Map(),
    },
  }));

function keyOf(known: ReadonlyMap<string, TrustedKey>, id: string): TrustedKey['key'][] {
  const trusted = known.get(id);
  return trusted === undefined ? [] : [trusted.key];
}

/** Signing costs a hundred times what verifying does: once for each. */
const signatures = payloads.map((payload) =>
  keys.map((key) => JSON.parse(new TextDecoder().decode(seal(statementPayloadType, payload, [key])))),
);

/** Signed by these, each maybe more than once, ids left out here and there. */
const anyEnvelope = fc
  .record({
    about: fc.nat(payloads.length - 1),
    signers: fc.array(fc.nat(keys.length - 1), { minLength: 1, maxLength: 5 }),
    isNamed: fc.boolean(),
  })
  .map(({ about, signers, isNamed }) => {
    const made = signers.map((i) => signatures[about]?.[i]);
    const list = made.map(({ signatures: [{ keyid, sig }] }) => (isNamed ? { keyid, sig } : { sig }));
    const bytes = canonicalBytes({ ...made[0], signatures: list });
    return { bytes, signers: new Set(signers.flatMap((i) => ids[i] ?? [])) };
  });
const anyRecord = fc.constantFrom(undefined, atMs - 1, atMs, now);

function outcome(bytes: Uint8Array, policy: TrustPolicy, recorded?: number): VerifiedFingerprint | undefined {
  try {
    return verifyFingerprint(bytes, policy, { now, recorded: () => recorded });
  } catch (error) {
    if (error instanceof FingerprintError) return undefined;
    throw error;
  }
}

const runs = { numRuns: 600, seed: 4 };

describe('under any trust policy', () => {
  it('what is accepted was signed by as many different keys as its rule asks for, all allowed and none shut out', () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyPolicy, anyEnvelope, anyRecord, (policy, { bytes, signers }, recorded) => {
        const verified = outcome(bytes, policy, recorded);
        if (verified === undefined) return;
        accepted += 1;
        // Counted anew, from the documents alone.
        const learner = policy.learnerKeys[0]?.keyId;
        const counts = [...signers].filter((id) => {
          const { notAfter } = policy.keys.get(id) ?? {};
          const inTime = recorded !== undefined && recorded < atMs;
          if (policy.revoked?.keys.has(id) === true) return false;
          return inTime || (policy.retired?.has(id) !== true && notAfter === undefined);
        });
        if (verified.provisional) {
          expect(counts.some((id) => id === learner)).toBe(true);
          expect(modes.indexOf(verified.maxMode)).toBeLessThanOrEqual(modes.indexOf('alert'));
          return;
        }
        const sign = policy.rules.find((r) => r.name === verified.rule)?.sign ?? { keys: [''], threshold: 9 };
        const allowed = counts.filter((id) => sign.keys.includes(id) && id !== learner);
        expect(allowed.length).toBeGreaterThanOrEqual(sign.threshold);
        expect(verified.signers.map((s) => s.keyId).toSorted()).toEqual(allowed.toSorted());
      }),
      runs,
    );
    // Neither of the two is the rule by far, or nothing was tested.
    expect(accepted).toBeGreaterThan(runs.numRuns / 10);
  });

  it('shutting something out never lets anything in, nor lets it go further', () => {
    const anyRevocation = fc.record({
      keys: fc.subarray(ids),
      retired: fc.subarray(ids),
      payload: fc.boolean(),
      least: fc.constantFrom(0, 7, 8),
    });
    let refused = 0;
    fc.assert(
      fc.property(anyPolicy, anyEnvelope, anyRecord, anyRevocation, (policy, { bytes }, recorded, shut) => {
        const before = outcome(bytes, policy, recorded);
        const digest = before?.digest ?? `sha256:${'0'.repeat(64)}`;
        const revoked = withRevoked(policy, {
          keys: new Map(shut.keys.map((id) => [id, { at, reason: 'r' }])),
          payloads: new Map(shut.payload ? [[digest, { reason: 'r' }]] : []),
          minVersions: new Map(shut.least === 0 ? [] : [[imageName, shut.least]]),
        });
        const retired = shut.retired.reduce(
          (all, id) => withRetired({ ...policy, retired: all }, id, { at, keeps: [] }),
          policy.retired ?? new Map(),
        );
        const after = outcome(bytes, { ...policy, revoked, retired }, recorded);
        if (after === undefined) refused += 1;
        if (before === undefined) expect(after).toBeUndefined();
        if (before === undefined || after === undefined) return;
        expect(modes.indexOf(after.maxMode)).toBeLessThanOrEqual(modes.indexOf(before.maxMode));
        if (!after.provisional) expect(after.ceiling).toEqual(expect.arrayContaining([...before.ceiling]));
      }),
      runs,
    );
    expect(refused).toBeLessThan(runs.numRuns);
  });

  it('reading what was written gives the same policy', () => {
    fc.assert(
      fc.property(anyPolicy, (policy) => {
        const read = parseTrustPolicy(trustPolicyDocument(policy));
        expect(parseTrustPolicy(trustPolicyDocument(read))).toEqual(read);
        expect(trustPolicyPayload(read)).toEqual(trustPolicyPayload(policy));
      }),
      { numRuns: 100, seed: 4 },
    );
  });

  it('only the root of both leads from one policy to the next', () => {
    const anySigners = fc.array(fc.nat(keys.length - 1), { minLength: 1, maxLength: 5 });
    let followed = 0;
    fc.assert(
      fc.property(
        anyPolicy,
        fc.option(keySet, { nil: undefined }),
        anySigners,
        (policy, nextRoot, signers) => {
          const next = { ...policy, version: 2, ...(nextRoot === undefined ? {} : { root: nextRoot }) };
          const signed = seal(
            policyPayloadType,
            trustPolicyPayload(next),
            signers.flatMap((i) => keys[i] ?? []),
          );
          const counts = (set: KeySet): number => {
            const learner = policy.learnerKeys[0]?.keyId;
            const who = new Set(signers.flatMap((i) => ids[i] ?? []));
            return set.keys.filter((id) => {
              const isOut = policy.revoked?.keys.has(id) === true || policy.retired?.has(id) === true;
              return who.has(id) && id !== learner && !isOut && policy.keys.get(id)?.notAfter === undefined;
            }).length;
          };
          const isDue = [policy.root, next.root].every(
            (set) => set !== undefined && counts(set) >= set.threshold,
          );
          let isFollowed = true;
          try {
            verifyPolicyChain(signed, policy, now);
          } catch (error) {
            if (!(error instanceof FingerprintError)) throw error;
            isFollowed = false;
          }
          expect(isFollowed).toBe(isDue);
          if (isFollowed) followed += 1;
        },
      ),
      { numRuns: 80, seed: 4 },
    );
    expect(followed).toBeGreaterThan(4);
  }, 60_000);
});
