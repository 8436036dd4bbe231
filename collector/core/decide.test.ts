import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Approval, Drift } from '../../fingerprint/incident.ts';
import { capReasons } from '../../fingerprint/response.ts';
import { type DriftReason, driftReasons, isForeign, type Mode, modes } from '../../fingerprint/verdict.ts';
import { aDrift, anApproval, anIncident, shop } from '../../test/fakes/reports.ts';
import { arbIncident, arbMatch, arbPolicyDocument } from '../../test/fakes/response-policies.ts';
import { type Decision, decide, PolicyDecisions, rehearsed } from './decide.ts';
import { parseResponsePolicy } from './parse-response-policy.ts';
import { defaultPolicy, type PolicyRule, type ResponsePolicy, type RuleMatch } from './response-policy.ts';

const policy: ResponsePolicy = { ...defaultPolicy, mode: 'kill' };
/** ms; incidents of the fakes were last active at 1 s. */
const now = 60_000;
const known = { root: 'entrypoint', lineage: ['/usr/bin/shop'] } as const;
const only = (drift: Partial<Drift>) => anIncident({ drifts: [{ ...aDrift, ...drift }] });
const allowed = (maxMode: Mode) => ({ ...anApproval, maxMode });

const carried: Approval = { ...allowed('alert'), neverLearnableMode: 'kill' };
const ofTheImage: Drift = { ...aDrift, origin: 'image', process: { pid: 4700, start: 1 } };

const { approval: _none, ...unapproved } = anIncident();

const cases: [string, Parameters<typeof decide>, string, string][] = [
  ['a dropped program, all allowing', [anIncident(), policy, now], 'kill-subtree', 'all-allow'],
  ['kill by container', [anIncident(), { ...policy, killScope: 'container' }, now], 'kill', 'all-allow'],
  ['a policy that freezes', [anIncident(), { ...policy, mode: 'freeze' }, now], 'hold', 'policy-mode'],
  ['a policy that alerts', [anIncident(), { ...policy, mode: 'alert' }, now], 'none', 'policy-mode'],
  ['a policy that observes', [anIncident(), { ...policy, mode: 'observe' }, now], 'none', 'policy-mode'],
  ['no approval', [unapproved, policy, now], 'none', 'no-approval'],
  [
    'an approval up to alert',
    [anIncident({ approval: allowed('alert') }), policy, now],
    'none',
    'approval-mode',
  ],
  [
    'a provisional fingerprint, whatever mode comes with it',
    [anIncident({ approval: { ...allowed('kill'), provisional: true } }), policy, now],
    'none',
    'provisional',
  ],
  [
    'an approval up to freeze',
    [anIncident({ approval: allowed('freeze') }), policy, now],
    'hold',
    'approval-mode',
  ],
  [
    'a never-learnable act under a carried approval',
    [anIncident({ approval: carried }), policy, now],
    'kill-subtree',
    'all-allow',
  ],
  [
    'a never-learnable act under a carried approval that freezes',
    [anIncident({ approval: { ...carried, neverLearnableMode: 'freeze' } }), policy, now],
    'hold',
    'approval-mode',
  ],
  [
    'a new program of the image under a carried approval',
    [anIncident({ drifts: [ofTheImage], approval: carried }), policy, now],
    'none',
    'approval-mode',
  ],
  [
    'a never-learnable act that a carried approval covers, where the new digest was learned meanwhile',
    [anIncident({ approval: { ...carried, provisional: true } }), policy, now],
    'kill-subtree',
    'all-allow',
  ],
  [
    'a new program where the new digest was learned meanwhile',
    [anIncident({ drifts: [ofTheImage], approval: { ...carried, provisional: true } }), policy, now],
    'none',
    'provisional',
  ],
  [
    'a protected namespace',
    [anIncident({ workload: { ...shop, namespace: 'kube-system' } }), policy, now],
    'none',
    'protected-namespace',
  ],
  ['an incident of ten minutes ago', [anIncident(), policy, 1000 + 600_001], 'none', 'stale'],
  [
    'a debug container',
    [anIncident({ workload: { ...shop, role: 'ephemeral' } }), policy, now],
    'none',
    'debug-container',
  ],
  ['what a person started', [only({ root: 'interactive' }), policy, now], 'none', 'interactive'],
  [
    'what a person started, policy naming it',
    [only({ root: 'interactive' }), { ...policy, stopInteractive: true }, now],
    'kill-subtree',
    'all-allow',
  ],
  [
    'a known program reading a new file',
    [only({ ...known, kind: 'open', because: 'new-file', subject: '/etc/x' }), policy, now],
    'none',
    'kind-of-drift',
  ],
  [
    'a known program reading a sensitive file',
    [only({ ...known, kind: 'open', because: 'sensitive-file', subject: '/etc/shadow' }), policy, now],
    'hold',
    'kind-of-drift',
  ],
  [
    'a known program with new arguments',
    [only({ because: 'new-arguments' }), policy, now],
    'hold',
    'kind-of-drift',
  ],
  [
    'a known program connecting to a name',
    [only({ ...known, kind: 'connect', because: 'new-peer', subject: 'evil.example:443' }), policy, now],
    'none',
    'steerable',
  ],
  [
    'a known program connecting to an address',
    [only({ ...known, kind: 'connect', because: 'first-egress', subject: '203.0.113.9:443' }), policy, now],
    'none',
    'unnamed-peer',
  ],
  [
    'a known program connecting to an IPv6 address',
    [only({ ...known, kind: 'connect', because: 'new-peer', subject: '[2001:db8::1]:443' }), policy, now],
    'none',
    'unnamed-peer',
  ],
  [
    'a library of foreign origin',
    [only({ kind: 'load', because: 'foreign-origin', subject: '/tmp/x.so' }), policy, now],
    'kill-subtree',
    'all-allow',
  ],
  [
    'a privilege that is never normal',
    [only({ ...known, kind: 'privilege', because: 'never-learnable', subject: 'setns' }), policy, now],
    'kill-subtree',
    'all-allow',
  ],
  [
    'a privilege that is merely new',
    [only({ ...known, kind: 'privilege', because: 'new-privilege', subject: 'chroot' }), policy, now],
    'hold',
    'kind-of-drift',
  ],
  [
    'a known program below a new parent',
    [only({ because: 'new-lineage' }), policy, now],
    'kill-subtree',
    'all-allow',
  ],
  ['no drift at all', [anIncident({ drifts: [] }), policy, now], 'none', 'kind-of-drift'],
];

describe('decide', () => {
  it.each(cases)('%s', (_name, args, action, reason) => {
    expect(decide(...args)).toMatchObject({ action, reason });
  });

  it('has a case for every reason', () => {
    expect(new Set(cases.map(([, , , reason]) => reason))).toEqual(new Set(capReasons));
  });

  it('lets the gravest drift decide', () => {
    const file: Drift = { ...aDrift, ...known, kind: 'open', because: 'new-file', subject: '/x' };
    expect(decide(anIncident({ drifts: [file, aDrift] }), policy, now).action).toBe('kill-subtree');
  });

  it('does not spare an intruder because a person had a shell open', () => {
    const persons: Drift = { ...aDrift, root: 'interactive', process: { pid: 9, start: 9 } };
    expect(decide(anIncident({ drifts: [persons, aDrift] }), policy, now).action).toBe('kill-subtree');
  });
});

/** Every reason for drift, and the most that may be done about it by default (DESIGN §8). */
const deserved: Readonly<Record<DriftReason, Decision['action']>> = {
  // Foreign: code or a program that nobody approved.
  'new-program': 'kill-subtree',
  'new-lineage': 'kill-subtree',
  'foreign-origin': 'kill-subtree',
  'never-learnable': 'kill-subtree',
  // A known program that goes where a request leads it.
  'first-egress': 'none',
  'new-peer': 'none',
  rebinding: 'none',
  'new-name': 'none',
  // A known program that does something new.
  'new-arguments': 'hold',
  'new-environment': 'hold',
  'sensitive-file': 'hold',
  'new-listener': 'hold',
  'new-privilege': 'hold',
  'new-file': 'none',
  'new-access': 'none',
};

describe('what may be done by default', () => {
  it.each(Object.entries(deserved))('%s: %s at most', (because, action) => {
    const reason = driftReasons.find((r) => r === because) ?? 'new-file';
    const incident = only({ ...known, because: reason, subject: 'peer.example:443' });
    expect(decide(incident, policy, now).action).toBe(action);
  });

  const steered = ['first-egress', 'new-peer', 'new-name', 'rebinding'] as const;
  const naming = (match: RuleMatch): ResponsePolicy => ({
    ...policy,
    rules: [{ name: 'r', match, mode: 'kill' }],
  });

  it.each(steered)('%s: held only by a rule that names its kind', (because) => {
    const kind = because === 'new-name' ? 'resolve' : 'connect';
    const incident = only({ ...known, kind, because, subject: 'peer.example:443' });
    const told = { action: 'none', mode: 'alert', reason: 'steerable' };
    for (const match of [{}, { severities: ['critical'] }, { kinds: ['exec'] }, { owners: ['*/*'] }] as const)
      expect(decide(incident, naming(match), now)).toMatchObject(told);
    expect(decide(incident, naming({ kinds: ['exec', kind] }), now)).toMatchObject({
      action: 'hold',
      mode: 'freeze',
      reason: 'kind-of-drift',
    });
  });

  it('an address that nobody can name is held by no rule', () => {
    const incident = only({ ...known, kind: 'connect', because: 'new-peer', subject: '203.0.113.9:443' });
    expect(decide(incident, naming({ kinds: ['connect'] }), now)).toMatchObject({
      action: 'none',
      reason: 'unnamed-peer',
    });
  });

  it('what came of a request beside the egress is decided by itself', () => {
    const egress = {
      ...aDrift,
      ...known,
      kind: 'connect',
      because: 'new-peer',
      subject: 'x.example:1',
    } as const;
    expect(decide(anIncident({ drifts: [egress, aDrift] }), policy, now).action).toBe('kill-subtree');
  });

  it('names every reason for drift, and kills what is foreign alone', () => {
    expect(Object.keys(deserved).toSorted()).toEqual([...driftReasons].toSorted());
    const killed = driftReasons.filter((r) => deserved[r].startsWith('kill'));
    expect(killed).toEqual(driftReasons.filter(isForeign));
  });

  it('is nothing while nobody has written a policy', () => {
    expect(decide(anIncident(), defaultPolicy, now)).toMatchObject({ action: 'none', reason: 'policy-mode' });
  });
});

describe('the rule that decides', () => {
  const rule = (name: string, match: RuleMatch, mode: Mode, more: Partial<PolicyRule> = {}): PolicyRule => ({
    name,
    match,
    mode,
    ...more,
  });
  const egress: Drift = {
    ...aDrift,
    ...known,
    kind: 'connect',
    because: 'new-peer',
    subject: 'evil.example:443',
    severity: 'medium',
  };
  const both = anIncident({ drifts: [aDrift, egress] });
  const kills = rule('exec', { kinds: ['exec'] }, 'kill');
  const holds = rule('egress', { kinds: ['connect'] }, 'freeze');
  const dry = { dryRun: true };

  it.each<[string, readonly PolicyRule[], Parameters<typeof anIncident>[0], Partial<Decision>]>([
    ['is the first about the drift', [holds, kills], {}, { action: 'kill-subtree', rule: 'exec' }],
    [
      'goes before a later one',
      [rule('quiet', {}, 'alert'), kills],
      {},
      { action: 'none', reason: 'policy-mode', rule: 'quiet' },
    ],
    ['is that of the strongest drift', [kills, holds], both, { action: 'kill-subtree', rule: 'exec' }],
    [
      'is that of the other drift where the first may not be killed',
      [rule('exec', { kinds: ['exec'] }, 'alert'), holds],
      both,
      { action: 'hold', rule: 'egress' },
    ],
    [
      'says what is ended',
      [rule('exec', { kinds: ['exec'] }, 'kill', { killScope: 'container' }), holds],
      both,
      { action: 'kill', rule: 'exec' },
    ],
    [
      'may name what a person started',
      [rule('exec', {}, 'kill', { stopInteractive: true })],
      { drifts: [{ ...aDrift, root: 'interactive' }] },
      { action: 'kill-subtree' },
    ],
    [
      'cannot go beyond an approval',
      [kills],
      { approval: allowed('freeze') },
      { action: 'hold', reason: 'approval-mode', rule: 'exec' },
    ],
    [
      'cannot do without an approval',
      [kills],
      { approval: { ...allowed('kill'), provisional: true } },
      { action: 'none', reason: 'provisional', rule: 'exec' },
    ],
    [
      'may be rehearsed only',
      [rule('exec', { kinds: ['exec'] }, 'kill', dry)],
      {},
      { action: 'kill-subtree', rule: 'exec', dryRun: true },
    ],
    [
      'is carried out though a stronger one is rehearsed',
      [rule('exec', { kinds: ['exec'] }, 'kill', dry), holds],
      both,
      { action: 'hold', rule: 'egress' },
    ],
    ['is nobody where none is about it', [rule('x', { clusters: ['x'] }, 'kill')], {}, { action: 'none' }],
  ])('%s', (_name, rules, over, decision) => {
    const found = decide(anIncident(over), { ...defaultPolicy, rules }, now);
    expect(found).toMatchObject(decision);
    expect(found.dryRun).toBe(decision.dryRun);
  });

  it('sets the limits of the brakes', () => {
    const rules = [{ ...kills, limits: { stopsPerWorkload: 1 } }];
    const decisions = new PolicyDecisions({ ...defaultPolicy, rules });
    expect(decisions.limitsOf({ rule: 'exec' })).toMatchObject({ stopsPerWorkload: 1, stopsPerCluster: 10 });
    expect(decisions.limitsOf({})).toEqual(defaultPolicy.limits);
  });

  it('is told with what it would have done when it was rehearsed', () => {
    const wished = decide(anIncident(), { ...policy, dryRun: true }, now);
    expect(rehearsed(wished)).toEqual({
      action: 'none',
      reason: 'dry-run',
      mode: 'kill',
      dryRun: true,
      would: { action: 'kill-subtree', reason: 'all-allow' },
    });
  });
});

describe('laws of the response policy', () => {
  const strength = ['none', 'hold', 'freeze', 'kill-subtree', 'kill'];
  const actual = ({ action, dryRun }: Decision) => strength.indexOf(dryRun === true ? 'none' : action);
  const read = (document: object): ResponsePolicy => {
    const parsed = parseResponsePolicy(document);
    if (parsed.kind === 'refused') throw new Error(parsed.problems.join('; '));
    return parsed.policy;
  };

  // To name egress is how a site says that it is worth a hold: a rule that names it is not mild.
  const arbMildMatch = arbMatch.filter(({ kinds }) => kinds?.includes('connect') !== true);

  it('adding a rule that stops no more than any other never raises a decision', () => {
    fc.assert(
      fc.property(
        arbPolicyDocument,
        arbMildMatch,
        fc.nat(5),
        arbIncident,
        (document, match, at, incident) => {
          const before = read(document);
          const lowest =
            modes.find((m) => [before, ...before.rules].some((said) => said.mode === m)) ?? 'observe';
          // As mild as any other in each way a rule can be mild.
          const mild: PolicyRule = {
            name: 'added',
            match,
            mode: lowest,
            killScope: 'subtree',
            stopInteractive: false,
            dryRun: [before, ...before.rules].some(({ dryRun }) => dryRun === true),
          };
          const after = { ...before, rules: before.rules.toSpliced(at, 0, mild) };
          const then = incident.last / 1000;
          expect(actual(decide(incident, after, then))).toBeLessThanOrEqual(
            actual(decide(incident, before, then)),
          );
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('a rule that only alerts never raises a decision, whatever else it says', () => {
    fc.assert(
      fc.property(arbPolicyDocument, arbMatch, fc.nat(5), arbIncident, (document, match, at, incident) => {
        const before = read(document);
        const added: PolicyRule = {
          name: 'added',
          match,
          mode: 'alert',
          stopInteractive: true,
          dryRun: false,
        };
        const after = { ...before, rules: before.rules.toSpliced(at, 0, added) };
        const then = incident.last / 1000;
        expect(actual(decide(incident, after, then))).toBeLessThanOrEqual(
          actual(decide(incident, before, then)),
        );
      }),
      { numRuns: 3_000 },
    );
  });

  it('a policy that is rehearsed orders nothing, and would do what it does for real', () => {
    fc.assert(
      fc.property(arbPolicyDocument, arbIncident, (document, incident) => {
        const rules = document.rules.map(({ dryRun: _, ...rule }) => rule);
        const then = incident.last / 1000;
        const real = decide(incident, read({ ...document, rules, dryRun: false }), then);
        const tried = decide(incident, read({ ...document, rules, dryRun: true }), then);
        expect(actual(tried)).toBe(0);
        expect(tried.action).toBe(real.action);
      }),
      { numRuns: 2_000 },
    );
  });

  it('decides for many incidents as for each', () => {
    fc.assert(
      fc.property(arbPolicyDocument, fc.array(arbIncident, { maxLength: 6 }), (document, incidents) => {
        const given = read(document);
        const decisions = new PolicyDecisions(given);
        for (const incident of incidents)
          expect(decisions.decide(incident, now)).toEqual(decide(incident, given, now));
      }),
    );
  });
});
