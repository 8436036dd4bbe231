import { approvedMode, isNeverLearnable } from '../../fingerprint/approved-mode.ts';
import type { Approval, Drift, Incident } from '../../fingerprint/incident.ts';
import type { Action } from '../../fingerprint/order.ts';
import { type Mode, modes } from '../../fingerprint/verdict.ts';
import type { BrakeReason } from './brakes.ts';
import { targetOf } from './target.ts';

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
  const { workload, last } = incident;
  const protectedHere = policy.protectedNamespaces.includes(workload.namespace);
  return [
    capIf(protectedHere, 'alert', 'protected-namespace'),
    capIf(last / 1000 < now - policy.maxAgeMs, 'alert', 'stale'),
    { mode: policy.mode, reason: 'policy-mode' },
    capIf(workload.role === 'ephemeral' && !policy.stopInteractive, 'alert', 'debug-container'),
    capIf(isInteractive(incident) && !policy.stopInteractive, 'alert', 'interactive'),
    decisive(incident),
  ];
}

/** The drift that lets a reaction go furthest decides for the incident: what was approved for it, and what it deserves. */
function decisive({ approval, drifts }: Incident): Cap {
  const each = drifts.map((drift) => lowest([...approved(approval, drift), deservedBy(drift)]));
  const [first = lowest([...approved(approval), { mode: 'alert', reason: 'kind-of-drift' }]), ...rest] = each;
  return rest.reduce((best, cap) => (height(cap) > height(best) ? cap : best), first);
}

function approved(approval: Approval | undefined, drift?: Drift): readonly Cap[] {
  if (approval === undefined) return [{ mode: 'alert', reason: 'no-approval' }];
  const mode = drift === undefined ? approval.maxMode : approvedMode(approval, drift);
  // Said again here: what nobody has looked at stops nothing, whatever mode an agent reports with it. What a person
  // approved for an earlier digest goes on for what is never normal, learned or not.
  const isLearned = approval.provisional === true && !isCarried(approval, drift);
  return [capIf(isLearned, 'alert', 'provisional'), { mode, reason: 'approval-mode' }];
}

function isCarried({ neverLearnableMode }: Approval, drift: Drift | undefined): boolean {
  return neverLearnableMode !== undefined && drift !== undefined && isNeverLearnable(drift);
}

function capIf(applies: boolean, mode: Mode, reason: CapReason): Cap {
  return applies ? { mode, reason } : { mode: 'kill', reason: 'all-allow' };
}

/** The first of the lowest: the order of `caps` is the order in which a person would name the reasons. */
function lowest(all: readonly Cap[]): Cap {
  const low = Math.min(...all.map(height));
  if (low === modes.indexOf('kill')) return { mode: 'kill', reason: 'all-allow' };
  return all.find((cap) => height(cap) === low) ?? { mode: 'observe', reason: 'policy-mode' };
}

function height({ mode }: Cap): number {
  return modes.indexOf(mode);
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

/** The target's own root decides: what an intruder does beside a person's shell is not a person's doing. */
function isInteractive(incident: Incident): boolean {
  const { drifts } = incident;
  const { pid, start } = targetOf(incident);
  const own = drifts.find((d) => d.process.pid === pid && d.process.start === start);
  return (own ?? drifts[0])?.root === 'interactive';
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
