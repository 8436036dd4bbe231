import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { driftCaps, furthestReaction, ruleFor } from '../../fingerprint/response.ts';
import { aDrift, anIncident, shop } from '../../test/fakes/reports.ts';
import { arbIncident, arbPolicyDocument } from '../../test/fakes/response-policies.ts';
import { decide } from './decide.ts';
import { parseResponsePolicy } from './parse-response-policy.ts';
import {
  brakeLimits,
  defaultLimits,
  defaultPolicy,
  leaseResponse,
  longestWindowMs,
  type PolicyRule,
  type ResponsePolicy,
  type RuleMatch,
  resolve,
} from './response-policy.ts';

const workload = {
  ...shop,
  cluster: 'prod',
  namespace: 'shop-eu',
  owner: 'Deployment/cart',
  subject: { ...shop.subject, name: 'registry.example/shop/cart' },
};
const rule = (name: string, match: RuleMatch, more: Partial<PolicyRule> = {}): PolicyRule => ({
  name,
  match,
  mode: 'kill',
  ...more,
});
const withRules = (...rules: readonly PolicyRule[]): ResponsePolicy => ({ ...defaultPolicy, rules });
const namesOf = (policy: ResponsePolicy) =>
  resolve(policy, workload).response.rules.map((r) => r.name ?? 'the rest');

describe('resolve', () => {
  it.each<[string, RuleMatch, boolean]>([
    ['anything', {}, true],
    ['its cluster', { clusters: ['prod'] }, true],
    ['another cluster', { clusters: ['stage'] }, false],
    ['its namespace among others', { namespaces: ['x', 'shop-eu'] }, true],
    ['a pattern of its namespace', { namespaces: ['shop-*'] }, true],
    ['another namespace', { namespaces: ['shop'] }, false],
    ['its image', { images: ['registry.example/shop/cart'] }, true],
    ['a prefix of its image', { images: ['registry.example/**'] }, true],
    ['the beginning of its image that is no folder', { images: ['registry.example/sho/**'] }, false],
    ['its owner', { owners: ['Deployment/cart'] }, true],
    ['owners of its sort', { owners: ['Deployment/*'] }, true],
    ['a star where two are needed', { owners: ['*'] }, false],
    ['all of these at once', { clusters: ['prod'], namespaces: ['shop-*'], owners: ['*/cart'] }, true],
    ['one of these not', { clusters: ['prod'], namespaces: ['shop-*'], owners: ['*/web'] }, false],
  ])('a rule about %s', (_name, match, isAbout) => {
    expect(namesOf(withRules(rule('r', match)))).toEqual(isAbout ? ['r'] : ['the rest']);
  });

  it('keeps the order, and leaves out what never decides', () => {
    const policy = withRules(
      rule('exec', { kinds: ['exec'] }),
      rule('elsewhere', { clusters: ['stage'] }),
      rule('exec again', { kinds: ['exec'], severities: ['high'] }),
      rule('grave', { severities: ['critical'] }),
    );
    expect(namesOf(policy)).toEqual(['exec', 'grave', 'the rest']);
  });

  it('fills in what a rule leaves open from the policy', () => {
    const policy: ResponsePolicy = {
      ...withRules(
        rule('own', {}, { dryRun: false, killScope: 'container', limits: { stopsPerWorkload: 1 } }),
      ),
      dryRun: true,
      stopInteractive: true,
    };
    expect(resolve(policy, workload).response.rules).toEqual([
      {
        name: 'own',
        mode: 'kill',
        dryRun: false,
        killScope: 'container',
        stopInteractive: true,
        limits: { ...defaultLimits, stopsPerWorkload: 1 },
      },
    ]);
  });

  it.each<[string, readonly string[], boolean]>([
    ['kube-system', ['kube-system'], true],
    ['a pattern', ['kube-*'], true],
    ['another', ['default'], false],
  ])('protects by %s', (_name, protectedNamespaces, isProtected) => {
    const policy = { ...defaultPolicy, protectedNamespaces };
    expect(resolve(policy, { ...workload, namespace: 'kube-system' }).protected).toBe(isProtected);
  });

  it('leaves no more rules than a lease holds', () => {
    const rules = Array.from({ length: 200 }, (_, i) => rule(`r${i}`, {}));
    expect(resolve(withRules(...rules), workload).response.rules).toHaveLength(1);
  });
});

describe('leaseResponse', () => {
  it('tells the agent nothing of what is rehearsed or spared', () => {
    const policy = withRules(rule('dry', { kinds: ['exec'] }, { dryRun: true }));
    expect(leaseResponse(resolve(policy, workload)).rules).toEqual([
      { kinds: ['exec'], mode: 'alert' },
      { mode: 'alert' },
    ]);
    const spared = { ...withRules(rule('r', {})), protectedNamespaces: ['shop-eu'] };
    expect(leaseResponse(resolve(spared, workload)).rules).toEqual([{ mode: 'alert' }]);
  });

  it('takes the milder way where rules differ', () => {
    const policy = withRules(
      rule('a', { kinds: ['exec'] }, { killScope: 'container', stopInteractive: true }),
      rule('b', {}),
    );
    expect(leaseResponse(resolve(policy, workload))).toMatchObject({
      killScope: 'subtree',
      stopInteractive: false,
    });
  });

  it('lets an agent stop nothing by itself that the collector would not order', () => {
    fc.assert(
      fc.property(arbPolicyDocument, arbIncident, (document, incident) => {
        const parsed = parseResponsePolicy(document);
        if (parsed.kind === 'refused') throw new Error(parsed.problems.join('; '));
        const lease = leaseResponse(resolve(parsed.policy, incident.workload));
        const { mode } = furthestReaction(incident, lease);
        const decision = decide(incident, parsed.policy, incident.last / 1000);
        const isStopped = decision.action !== 'none' && decision.dryRun === undefined;
        if (mode === 'freeze' || mode === 'kill') expect(isStopped).toBe(true);
        if (mode === 'kill') expect(decision.action).toMatch(/^kill/);
        if (mode === 'kill' && lease.killScope === 'container') expect(decision.action).toBe('kill');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('limits', () => {
  it('are told to the brakes in their units', () => {
    expect(brakeLimits({ ...defaultLimits, windowMinutes: 2 })).toMatchObject({
      windowMs: 120_000,
      rolloutMs: 1_800_000,
      stopsPerWorkload: 3,
    });
  });

  it('are kept count of for the longest window of any rule', () => {
    const policy = withRules(rule('a', {}, { limits: { windowMinutes: 60 } }), rule('b', {}));
    expect(longestWindowMs(policy)).toBe(3_600_000);
  });
});

describe('the rule that decides on a drift', () => {
  it('is the same whether rules that never decide are left out or not', () => {
    fc.assert(
      fc.property(arbPolicyDocument, arbIncident, (document, { workload: at, drifts }) => {
        const parsed = parseResponsePolicy(document);
        if (parsed.kind === 'refused') throw new Error(parsed.problems.join('; '));
        const few = resolve(parsed.policy, at).response.rules;
        // Each rule by itself: none can be left out for another.
        const alone = parsed.policy.rules.filter(({ match }) => {
          const one = { ...parsed.policy, rules: [rule('one', { ...match, kinds: ['exec'] })] };
          return resolve(one, at).response.rules.some((r) => r.name === 'one');
        });
        for (const drift of drifts) {
          const first = alone.find(
            ({ match: { kinds, severities } }) =>
              (kinds?.includes(drift.kind) ?? true) && (severities?.includes(drift.severity) ?? true),
          );
          expect(ruleFor(few, drift)?.name).toBe(first?.name);
        }
      }),
    );
  });

  it('is told with how far it lets a reaction go', () => {
    const policy = withRules(rule('exec', { kinds: ['exec'] }));
    const { response } = resolve(policy, workload);
    const incident = anIncident({ drifts: [aDrift, { ...aDrift, kind: 'open' }] });
    expect(driftCaps(incident, response).map(({ rule: by }) => by?.name)).toEqual(['exec', undefined]);
  });
});
