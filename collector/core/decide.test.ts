import { describe, expect, it } from 'vitest';
import type { Approval, Drift } from '../../fingerprint/incident.ts';
import { capReasons } from '../../fingerprint/response.ts';
import type { Mode } from '../../fingerprint/verdict.ts';
import { aDrift, anApproval, anIncident, shop } from '../../test/fakes/reports.ts';
import { decide, type ResponsePolicy } from './decide.ts';

const policy: ResponsePolicy = {
  mode: 'kill',
  killScope: 'subtree',
  stopInteractive: false,
  protectedNamespaces: ['kube-system'],
  maxAgeMs: 600_000,
};
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
    'hold',
    'kind-of-drift',
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
