import type { Incident } from '../../fingerprint/incident.ts';
import { printable } from '../../fingerprint/printable.ts';
import { type BrakeReason, brakeReasons } from './brake-limits.ts';
import { braked, type Surroundings } from './brakes.ts';
import { type Charge, chargeFor, chargeKey } from './charges.ts';
import { type DecidedAction, type Decision, PolicyDecisions } from './decide.ts';
import { recordedSentence } from './reason-sentence.ts';
import { brakeLimits, type ResponsePolicy } from './response-policy.ts';

/** What one agent told of one copy, and what ran around it; who counts copies today takes those for then. */
export interface Occurrence extends Surroundings {
  readonly incident: Incident;
}

/** What one policy makes of all of them, as if it had been in force. What it only rehearses counts as if it were done. */
export interface PolicyOutcome {
  /** How many occurrences end in each; those that end in none are left out. */
  readonly actions: Readonly<Partial<Record<DecidedAction, number>>>;
  /** How many of them are only rehearsed (`dryRun`). */
  readonly dryRun: number;
  /** How many occurrences each rule decided; `rule` is absent for what no rule is about. */
  readonly rules: readonly { readonly rule?: string; readonly occurrences: number }[];
  /** How many a brake turned into something milder. */
  readonly braked: Readonly<Partial<Record<BrakeReason, number>>>;
}

/** One occurrence about which the two policies disagree. */
export interface PolicyChange {
  /** Its id. */
  readonly occurrence: string;
  readonly sentence: string;
  /** What the checked policy does it only rehearses. */
  readonly dryRun?: true;
}

export interface ChangeList {
  readonly total: number;
  /** The first of them, in order of time. */
  readonly changes: readonly PolicyChange[];
}

export interface PolicyCheck {
  readonly occurrences: number;
  readonly next: PolicyOutcome;
  readonly current: PolicyOutcome;
  /** Something is stopped or held that is not today. */
  readonly stopped: ChangeList;
  /** Nothing is stopped or held any more. */
  readonly spared: ChangeList;
  /** Stopped under both, in another way. */
  readonly otherwise: ChangeList;
  /** Names of rules that decided nothing. */
  readonly idleRules: readonly string[];
}

/** A check, and how far it reaches. */
export interface PolicyCheckReport extends PolicyCheck {
  /** More were active since then than are looked at: the newest are in it. */
  readonly isCut: boolean;
  readonly warnings: readonly string[];
}

/** A person reads them; beyond it the number says enough. */
const maxChanges = 100;

/**
 * What would have happened under another policy, and what under the one in force: both decide on the same
 * occurrences in the order in which they were active, each with budgets of its own.
 */
export function checkPolicy(
  next: ResponsePolicy,
  current: ResponsePolicy,
  occurrences: readonly Occurrence[],
): PolicyCheck {
  const inOrder = occurrences.toSorted((a, b) => a.incident.last - b.incident.last);
  const [decided, today] = [decideAll(next, inOrder), decideAll(current, inOrder)];
  const changed = inOrder.flatMap(({ incident }, i) => {
    const [a, b] = [decided[i], today[i]];
    return a === undefined || b === undefined || a.action === b.action ? [] : [changeOf(incident, a, b)];
  });
  const of = (kind: ChangeKind): ChangeList => {
    const all = changed.filter((c) => c.kind === kind).map((c) => c.change);
    return { total: all.length, changes: all.slice(0, maxChanges) };
  };
  const deciding = new Set(decided.map((decision) => decision.rule));
  return {
    occurrences: inOrder.length,
    next: outcomeOf(decided),
    current: outcomeOf(today),
    stopped: of('stopped'),
    spared: of('spared'),
    otherwise: of('otherwise'),
    idleRules: next.rules.map((rule) => rule.name).filter((name) => !deciding.has(name)),
  };
}

function decideAll(policy: ResponsePolicy, occurrences: readonly Occurrence[]): readonly Decision[] {
  const decisions = new PolicyDecisions(policy);
  const charges = new Map<string, Charge>();
  return occurrences.map(({ incident, ...around }) => {
    // Decided on as it came: an old one is not stale to a policy that is tried on it.
    const at = incident.last / 1000;
    const wished = decisions.decide(incident, at);
    const limits = brakeLimits(decisions.limitsOf(wished));
    const spending = { charges: [...charges.values()], leases: [] };
    const decision = braked(wished, incident, around, spending, limits, at);
    const { action } = decision;
    if (action === 'none') return decision;
    const { agent } = around;
    const key = chargeKey(incident, agent);
    charges.set(key, chargeFor(incident, { id: key, action, agent, at }));
    return decision;
  });
}

function outcomeOf(decisions: readonly Decision[]): PolicyOutcome {
  const rules = counts(decisions.map(({ rule }) => rule));
  const isBrake = (reason: string): reason is BrakeReason => brakeReasons.some((brake) => brake === reason);
  return {
    actions: Object.fromEntries(counts(decisions.map(({ action }) => action))),
    dryRun: decisions.filter(({ action, dryRun }) => dryRun === true && action !== 'none').length,
    rules: [...rules]
      .toSorted(([, a], [, b]) => b - a)
      .map(([rule, occurrences]) => ({ ...(rule === undefined ? {} : { rule }), occurrences })),
    braked: Object.fromEntries(counts(decisions.map(({ reason }) => reason).filter(isBrake))),
  };
}

function counts<T>(items: readonly T[]): ReadonlyMap<T, number> {
  const map = new Map<T, number>();
  for (const item of items) map.set(item, (map.get(item) ?? 0) + 1);
  return map;
}

type ChangeKind = 'stopped' | 'spared' | 'otherwise';

function changeOf(
  incident: Incident,
  next: Decision,
  today: Decision,
): { readonly kind: ChangeKind; readonly change: PolicyChange } {
  const kind = today.action === 'none' ? 'stopped' : next.action === 'none' ? 'spared' : 'otherwise';
  const { namespace, owner, container } = incident.workload;
  const where = printable(`${namespace}/${owner}/${container}`, 200);
  const sentence = `${where}: ${said(next)}; today ${said(today)}`;
  const dryRun = next.dryRun === true && next.action !== 'none' ? { dryRun: true as const } : {};
  return { kind, change: { occurrence: incident.id, sentence, ...dryRun } };
}

function said({ action, reason, rule }: Decision): string {
  return recordedSentence(action, reason, rule === undefined ? {} : { rule });
}
