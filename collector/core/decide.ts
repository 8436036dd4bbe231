import type { Incident } from '../../fingerprint/incident.ts';
import type { StopAction } from '../../fingerprint/order.ts';
import { type CapReason, capIf, driftCaps, lowest } from '../../fingerprint/response.ts';
import { type Mode, modes } from '../../fingerprint/verdict.ts';
import { type Workload, workloadKey } from '../../fingerprint/workload.ts';
import type { BrakeReason } from './brake-limits.ts';
import type { BrakeNumbers } from './brakes.ts';
import {
  type ResolvedPolicy,
  type ResolvedRule,
  type ResponseLimits,
  type ResponsePolicy,
  resolve,
} from './response-policy.ts';

/** What a decision may end in: `resume` only a person orders. */
export type DecidedAction = StopAction | 'none';

/** Why nothing is done, or no more: a cap, a brake, a copy nobody told of, or a lease by which the agent acts itself. */
export type DecisionReason = CapReason | BrakeReason | 'unknown-instance' | 'leased' | 'dry-run';

export interface Decision {
  readonly action: DecidedAction;
  readonly reason: DecisionReason;
  /** The minimum of all caps, before the brakes. */
  readonly mode: Mode;
  /** Of the response policy: the one that decided. Absent: no rule was about it. */
  readonly rule?: string;
  /** The rule is only rehearsed: `action` is what it would do, and must not be ordered. See `rehearsed`. */
  readonly dryRun?: true;
  /** What a rehearsed rule would have done; `action` is `none` then. */
  readonly would?: Pick<Decision, 'action' | 'reason'>;
  /** Of the budget that braked it. */
  readonly numbers?: BrakeNumbers;
  /** Why, where the reason alone does not say it. */
  readonly words?: string;
}

/** How much each action takes away; a kill of the drifting subtree leaves the service running, a freeze does not. */
const strength: Readonly<Record<DecidedAction, number>> = {
  none: 0,
  hold: 1,
  freeze: 2,
  'kill-subtree': 3,
  kill: 4,
};

/**
 * What to do about an incident, before the brakes. Each drift is decided on by the first rule that is about it, as if it were
 * alone: how far that rule, the approval and the kind of drift let a reaction go, whether the rule is rehearsed only, and
 * what it ends. The strongest of these is the incident's, and its rule names, brakes and limits it. What is done goes before
 * what is rehearsed: a rehearsal never keeps another rule from being carried out.
 *
 * @param now ms since the Unix epoch
 */
export function decide(incident: Incident, policy: ResponsePolicy, now: number): Decision {
  return decideBy(resolve(policy, incident.workload), incident, now);
}

function decideBy(said: ResolvedPolicy, incident: Incident, now: number): Decision {
  const each = driftCaps(incident, said.response).map(({ cap, rule }) => {
    const { mode, reason } = lowest([
      capIf(said.protected, 'alert', 'protected-namespace'),
      capIf(incident.last / 1000 < now - said.maxAgeMs, 'alert', 'stale'),
      cap,
    ]);
    return decisionOf(mode, reason, rule);
  });
  const done = strongest(each.filter((decision) => decision.dryRun === undefined));
  if (done !== undefined && done.action !== 'none') return done;
  return strongest(each) ?? { action: 'none', reason: 'policy-mode', mode: 'observe' };
}

function decisionOf(mode: Mode, reason: CapReason, rule: ResolvedRule | undefined): Decision {
  const action = actionOf(mode, rule?.killScope ?? 'subtree');
  const name = rule?.name === undefined ? {} : { rule: rule.name };
  // What would stop nothing anyway is no rehearsal: the reason that holds it is what a person has to know.
  const dryRun = rule?.dryRun === true && action !== 'none' ? { dryRun: true as const } : {};
  return { action, reason, mode, ...name, ...dryRun };
}

/** The first of the strongest: drifts come gravest first. */
function strongest(decisions: readonly Decision[]): Decision | undefined {
  const [first, ...rest] = decisions;
  if (first === undefined) return undefined;
  return rest.reduce((best, d) => (strengthOf(d) > strengthOf(best) ? d : best), first);
}

/** By what is done; where nothing is, by how far it was from that. */
function strengthOf({ action, mode }: Decision): number {
  return strength[action] * modes.length + modes.indexOf(mode);
}

function actionOf(mode: Mode, killScope: ResolvedRule['killScope']): DecidedAction {
  switch (mode) {
    case 'observe':
    case 'alert':
      return 'none';
    // Mildest first: only the drifting subtree is held, the service runs on.
    case 'freeze':
      return 'hold';
    case 'kill':
      return killScope === 'container' ? 'kill' : 'kill-subtree';
  }
}

/** What goes on record of a decision that is only rehearsed, after the brakes: nothing is done, and what would have been. */
export function rehearsed({ action, reason, mode, rule }: Decision): Decision {
  return {
    action: 'none',
    reason: 'dry-run',
    mode,
    ...(rule === undefined ? {} : { rule }),
    dryRun: true,
    would: { action, reason },
  };
}

/** Workloads whose part of a policy is kept; a node of DESIGN §9 has 110, and most incidents are about few. */
const maxKept = 2_000;

/** `decide` for many incidents under one policy: what it says of a workload is worked out once. */
export class PolicyDecisions {
  readonly policy: ResponsePolicy;
  readonly #kept = new Map<string, ResolvedPolicy>();

  constructor(policy: ResponsePolicy) {
    this.policy = policy;
  }

  resolve(workload: Workload): ResolvedPolicy {
    const key = workloadKey(workload);
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    if (this.#kept.size >= maxKept) this.#kept.clear();
    const said = resolve(this.policy, workload);
    this.#kept.set(key, said);
    return said;
  }

  /** The limits that brake a decision: those of the rule that made it. */
  limitsOf({ rule: name }: Pick<Decision, 'rule'>): ResponseLimits {
    const { limits, rules } = this.policy;
    return { ...limits, ...rules.find((rule) => rule.name === name)?.limits };
  }

  decide(incident: Incident, now: number): Decision {
    return decideBy(this.resolve(incident.workload), incident, now);
  }
}
