import { approvedMode, isNeverLearnable } from './approved-mode.ts';
import type { BehaviourKind } from './event.ts';
import type { Approval, Drift, Incident, Severity } from './incident.ts';
import { targetOf } from './target.ts';
import { type Mode, modes } from './verdict.ts';

/** One wish of a site. What it does not name it is about whatever it is. */
export interface ResponseRule {
  readonly kinds?: readonly BehaviourKind[];
  readonly severities?: readonly Severity[];
  readonly mode: Mode;
}

export const killScopes = ['subtree', 'container'] as const;

/** What a site wishes to happen on drift of one workload. */
export interface Response {
  /** The first that is about a drift decides; one that none is about is alerted on. */
  readonly rules: readonly ResponseRule[];
  /** What `kill` ends: the drifting process and its descendants, or the whole container. */
  readonly killScope: (typeof killScopes)[number];
  /** Whether what a person started by exec or attach may be stopped. */
  readonly stopInteractive: boolean;
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

/** How far a reaction may go, and what it is that lets it go no further. */
export interface Cap {
  readonly mode: Mode;
  readonly reason: CapReason;
}

/**
 * How far a reaction to an incident may go: the minimum of what the site wishes, what a person approved and what this kind
 * of drift deserves (DESIGN §6). Collector and agent must agree on it: the one orders by it, the other spends a lease by it.
 */
export function effectiveMode(incident: Incident, response: Response): Cap {
  const { workload, drifts } = incident;
  const wished = drifts.map((drift) => wishedMode(response.rules, drift));
  const wish = wished.length === 0 ? wishedMode(response.rules) : highest(wished);
  return lowest([
    { mode: wish, reason: 'policy-mode' },
    capIf(workload.role === 'ephemeral' && !response.stopInteractive, 'alert', 'debug-container'),
    capIf(isInteractive(incident) && !response.stopInteractive, 'alert', 'interactive'),
    decisive(incident, response.rules),
  ]);
}

/** What the rules wish for a drift; without one, for whatever the rules are about in general. */
export function wishedMode(rules: readonly ResponseRule[], drift?: Pick<Drift, 'kind' | 'severity'>): Mode {
  const rule = rules.find(({ kinds, severities }) =>
    drift === undefined
      ? kinds === undefined && severities === undefined
      : (kinds?.includes(drift.kind) ?? true) && (severities?.includes(drift.severity) ?? true),
  );
  return rule?.mode ?? 'alert';
}

/** The drift that lets a reaction go furthest decides for the incident: what was approved for it, and what it deserves. */
function decisive({ approval, drifts }: Incident, rules: readonly ResponseRule[]): Cap {
  const each = drifts.map((drift) =>
    lowest([
      { mode: wishedMode(rules, drift), reason: 'policy-mode' },
      ...approved(approval, drift),
      deservedBy(drift),
    ]),
  );
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

export function capIf(applies: boolean, mode: Mode, reason: CapReason): Cap {
  return applies ? { mode, reason } : { mode: 'kill', reason: 'all-allow' };
}

/** The first of the lowest: the order of the caps is the order in which a person would name the reasons. */
export function lowest(all: readonly Cap[]): Cap {
  const low = Math.min(...all.map(height));
  if (low === modes.indexOf('kill')) return { mode: 'kill', reason: 'all-allow' };
  return all.find((cap) => height(cap) === low) ?? { mode: 'observe', reason: 'policy-mode' };
}

function highest(given: readonly Mode[]): Mode {
  return modes[Math.max(...given.map((m) => modes.indexOf(m)))] ?? 'observe';
}

function height({ mode }: Cap): number {
  return modes.indexOf(mode);
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
