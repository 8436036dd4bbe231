import { approvedMode, isNeverLearnable } from './approved-mode.ts';
import type { BehaviourKind } from './event.ts';
import type { Approval, Drift, Incident, Severity } from './incident.ts';
import { targetOf } from './target.ts';
import { type Mode, modes } from './verdict.ts';

/** One wish of a site. What it does not name it is about whatever it is. */
export interface ResponseRule {
  /** Told where it decided. */
  readonly name?: string;
  readonly kinds?: readonly BehaviourKind[];
  readonly severities?: readonly Severity[];
  readonly mode: Mode;
  /** Absent: as the response says. */
  readonly stopInteractive?: boolean;
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
  'steerable',
  'kind-of-drift',
  'all-allow',
] as const;
export type CapReason = (typeof capReasons)[number];

/** How far a reaction may go, and what it is that lets it go no further. */
export interface Cap {
  readonly mode: Mode;
  readonly reason: CapReason;
}

/** How far a reaction to one drift may go, and the rule that was about it. */
export interface DriftCap<R extends ResponseRule> {
  readonly cap: Cap;
  readonly rule: R | undefined;
}

/**
 * How far a reaction to an incident may go: the minimum of what the site wishes, what a person approved and what this kind
 * of drift deserves (DESIGN §6). Collector and agent must agree on it: the one orders by it, the other spends a lease by it.
 */
export function furthestReaction(incident: Incident, response: Response): Cap {
  return furthest(driftCaps(incident, response).map(({ cap }) => cap));
}

/**
 * The same for each drift by itself, in the order of the incident; of an incident without any, for what the rules are about
 * in general. The drift that lets a reaction go furthest decides for the incident.
 */
export function driftCaps<R extends ResponseRule>(
  incident: Incident,
  response: Omit<Response, 'rules'> & { readonly rules: readonly R[] },
): readonly DriftCap<R>[] {
  const { workload, approval, drifts } = incident;
  const isDebug = workload.role === 'ephemeral';
  const isByHand = isInteractive(incident);
  const about: readonly (Drift | undefined)[] = drifts.length === 0 ? [undefined] : drifts;
  return about.map((drift) => {
    const rule = ruleFor(response.rules, drift);
    const mayStop = rule?.stopInteractive ?? response.stopInteractive;
    const cap = lowest([
      { mode: rule?.mode ?? 'alert', reason: 'policy-mode' },
      capIf(isDebug && !mayStop, 'alert', 'debug-container'),
      capIf(isByHand && !mayStop, 'alert', 'interactive'),
      ...approved(approval, drift),
      drift === undefined ? { mode: 'alert', reason: 'kind-of-drift' } : deservedBy(drift, rule),
    ]);
    return { cap, rule };
  });
}

/** The rule that decides on a drift; without one, on whatever the rules are about in general. */
export function ruleFor<R extends ResponseRule>(
  rules: readonly R[],
  drift?: Pick<Drift, 'kind' | 'severity'>,
): R | undefined {
  return rules.find(({ kinds, severities }) =>
    drift === undefined
      ? kinds === undefined && severities === undefined
      : (kinds?.includes(drift.kind) ?? true) && (severities?.includes(drift.severity) ?? true),
  );
}

/** The first of those that let a reaction go furthest: the drift that decides for its incident. */
function furthest(caps: readonly Cap[]): Cap {
  const most: Cap = { mode: 'observe', reason: 'policy-mode' };
  const [first = most, ...rest] = caps;
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
 * foreign programs are killed; a known program that reads elsewhere is held at most, and one that connects to an address
 * nobody can name is alerted on. Where a known program connects, and for which name it asks, one request without a
 * password decides (SSRF, a webhook, a header that is resolved): a hold would be the outage an attacker asks for. It is
 * alerted on, unless the site says of this very kind that it is worth a hold: a rule about everything does not say that.
 */
function deservedBy(drift: Drift, rule: ResponseRule | undefined): Cap {
  switch (drift.because) {
    case 'new-program':
    case 'new-lineage':
    case 'foreign-origin':
    case 'never-learnable':
      return { mode: 'kill', reason: 'all-allow' };
    case 'first-egress':
    case 'new-peer':
      return isAddress(drift.subject) ? { mode: 'alert', reason: 'unnamed-peer' } : steered(drift, rule);
    case 'rebinding':
    case 'new-name':
      return steered(drift, rule);
    // A service is not stopped for one more file of its own: that would be the outage an attacker could ask for.
    case 'new-file':
    case 'new-access':
      return { mode: 'alert', reason: 'kind-of-drift' };
    case 'new-arguments':
    case 'new-environment':
    case 'sensitive-file':
    case 'new-listener':
    case 'new-privilege':
      return { mode: 'freeze', reason: 'kind-of-drift' };
  }
}

function steered({ kind }: Drift, rule: ResponseRule | undefined): Cap {
  const isNamed = rule?.kinds?.includes(kind) ?? false;
  return isNamed ? { mode: 'freeze', reason: 'kind-of-drift' } : { mode: 'alert', reason: 'steerable' };
}

/** `peer:port` whose peer is a bare address; IPv6 stands in brackets (fingerprint/drift.ts). */
function isAddress(subject: string): boolean {
  return /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.%]+\]):/i.test(subject);
}
