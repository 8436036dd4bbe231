import type { Drift, Incident } from '../../fingerprint/incident.ts';
import type { Action } from '../../fingerprint/order.ts';
import { type Mode, modes } from '../../fingerprint/verdict.ts';
import type { BrakeReason } from './brakes.ts';

/** What the site wishes to happen on drift. */
export interface ResponsePolicy {
  readonly mode: Mode;
  /** What `kill` ends: the drifting process and its descendants, or the whole container. */
  readonly killScope: 'subtree' | 'container';
  /** Whether what a person started by exec or attach may be stopped. */
  readonly stopInteractive: boolean;
  readonly protectedNamespaces: readonly string[];
  /** An incident that was last active longer ago is told, not acted on: its process may be anything by now. */
  readonly maxAgeMs: number;
}

/** Why the mode is no higher than it is: the cap that holds it. `all-allow` when nothing does. */
export const capReasons = [
  'protected-namespace',
  'stale',
  'policy-mode',
  'no-approval',
  'provisional',
  'approval-mode',
  'debug-container',
  'interactive',
  'unnamed-peer',
  'kind-of-drift',
  'all-allow',
] as const;
export type CapReason = (typeof capReasons)[number];

export interface Decision {
  readonly action: Exclude<Action, 'resume'> | 'none';
  readonly reason: CapReason | BrakeReason;
  /** The minimum of all caps, before the brakes. */
  readonly mode: Mode;
}

interface Cap {
  readonly mode: Mode;
  readonly reason: CapReason;
}

/**
 * What to do about an incident, before the brakes: the minimum of what the site wishes, what a person approved and what
 * this kind of drift deserves (DESIGN §6). Nothing else can raise it.
 * @param now ms since the Unix epoch
 */
export function decide(incident: Incident, policy: ResponsePolicy, now: number): Decision {
  const { mode, reason } = lowest(caps(incident, policy, now));
  return { action: actionOf(mode, policy), reason, mode };
}

function caps(incident: Incident, policy: ResponsePolicy, now: number): readonly Cap[] {
  const { workload, approval, last } = incident;
  const protectedHere = policy.protectedNamespaces.includes(workload.namespace);
  return [
    capIf(protectedHere, 'alert', 'protected-namespace'),
    capIf(last / 1000 < now - policy.maxAgeMs, 'alert', 'stale'),
    { mode: policy.mode, reason: 'policy-mode' },
    // Said again here: what nobody has looked at stops nothing, whatever mode an agent reports with it.
    capIf(approval?.provisional === true, 'alert', 'provisional'),
    approval === undefined
      ? { mode: 'alert', reason: 'no-approval' }
      : { mode: approval.maxMode, reason: 'approval-mode' },
    capIf(workload.role === 'ephemeral' && !policy.stopInteractive, 'alert', 'debug-container'),
    capIf(isInteractive(incident) && !policy.stopInteractive, 'alert', 'interactive'),
    deserved(incident.drifts),
  ];
}

function capIf(applies: boolean, mode: Mode, reason: CapReason): Cap {
  return applies ? { mode, reason } : { mode: 'kill', reason: 'all-allow' };
}

/** The first of the lowest: the order of `caps` is the order in which a person would name the reasons. */
function lowest(all: readonly Cap[]): Cap {
  const height = (cap: Cap): number => modes.indexOf(cap.mode);
  const low = Math.min(...all.map(height));
  if (low === modes.indexOf('kill')) return { mode: 'kill', reason: 'all-allow' };
  return all.find((cap) => height(cap) === low) ?? { mode: 'observe', reason: 'policy-mode' };
}

function actionOf(mode: Mode, policy: ResponsePolicy): Decision['action'] {
  switch (mode) {
    case 'observe':
    case 'alert':
      return 'none';
    // Mildest first: only the drifting subtree is held, the service runs on.
    case 'freeze':
      return 'hold';
    case 'kill':
      return policy.killScope === 'container' ? 'kill' : 'kill-subtree';
  }
}

/** The culprit's own root decides: what an intruder does beside a person's shell is not a person's doing. */
function isInteractive({ drifts, culprit }: Incident): boolean {
  const own = drifts.find((d) => d.process.pid === culprit.pid && d.process.start === culprit.start);
  return (own ?? drifts[0])?.root === 'interactive';
}

/** The gravest drift decides for the incident. */
function deserved(drifts: readonly Drift[]): Cap {
  const each = drifts.map(deservedBy);
  const highest = each.reduce<Cap | undefined>(
    (best, cap) => (best === undefined || modes.indexOf(cap.mode) > modes.indexOf(best.mode) ? cap : best),
    undefined,
  );
  return highest ?? { mode: 'alert', reason: 'kind-of-drift' };
}

/**
 * Whoever can feed a URL to a fetcher makes it drift: kill must not be a denial of service. So only foreign code and
 * foreign programs are killed; a known program that reads or connects elsewhere is held at most, and one that connects
 * to an address nobody can name is alerted on.
 */
function deservedBy(drift: Drift): Cap {
  switch (drift.because) {
    case 'new-program':
    case 'new-lineage':
    case 'foreign-origin':
    case 'never-learnable':
      return { mode: 'kill', reason: 'all-allow' };
    case 'first-egress':
    case 'new-peer':
      return isAddress(drift.subject)
        ? { mode: 'alert', reason: 'unnamed-peer' }
        : { mode: 'freeze', reason: 'kind-of-drift' };
    // A service is not stopped for one more file of its own: that would be the outage an attacker could ask for.
    case 'new-file':
    case 'new-access':
      return { mode: 'alert', reason: 'kind-of-drift' };
    case 'new-arguments':
    case 'new-environment':
    case 'sensitive-file':
    case 'new-listener':
    case 'rebinding':
    case 'new-name':
    case 'new-privilege':
      return { mode: 'freeze', reason: 'kind-of-drift' };
  }
}

/** `peer:port` whose peer is a bare address; IPv6 stands in brackets (fingerprint/drift.ts). */
function isAddress(subject: string): boolean {
  return /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.%]+\]):/i.test(subject);
}
