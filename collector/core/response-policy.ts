import type { BehaviourKind } from '../../fingerprint/event.ts';
import { behaviourKinds } from '../../fingerprint/event.ts';
import { matchesImage } from '../../fingerprint/image-pattern.ts';
import { type Severity, severities } from '../../fingerprint/incident.ts';
import { type Response, type ResponseRule, ruleFor } from '../../fingerprint/response.ts';
import type { Mode } from '../../fingerprint/verdict.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { type BrakeLimits, defaultBrakes } from './brake-limits.ts';
import { matchesGlob } from './glob.ts';

/** What the brakes allow. Times in minutes, because a person writes them. */
export interface ResponseLimits {
  readonly windowMinutes: number;
  readonly stopsPerWorkload: number;
  readonly stopsPerCluster: number;
  /** Share of a node's running copies, and of an owner's in the cluster, that may be stopped in the window. */
  readonly nodeShare: number;
  readonly ownerShare: number;
  readonly holdsPerWorkload: number;
  readonly holdsPerCluster: number;
  /** How long after a new digest the same drift on several nodes is held and asked about. */
  readonly rolloutMinutes: number;
  /** How long after a change of agent, source or kernel a node only alerts. */
  readonly settlingMinutes: number;
}

/** What a rule is about. What it does not name it is about whatever it is. */
export interface RuleMatch {
  readonly clusters?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly images?: readonly string[];
  readonly owners?: readonly string[];
  readonly kinds?: readonly BehaviourKind[];
  readonly severities?: readonly Severity[];
}

export interface PolicyRule {
  readonly name: string;
  readonly match: RuleMatch;
  readonly mode: Mode;
  /** What is absent is as the policy says. */
  readonly dryRun?: boolean;
  readonly killScope?: Response['killScope'];
  readonly stopInteractive?: boolean;
  readonly limits?: Partial<ResponseLimits>;
}

/** What the site wishes to happen on drift: docs/operations.md, the response policy. */
export interface ResponsePolicy {
  readonly version: 1;
  /** For whatever no rule is about. */
  readonly mode: Mode;
  readonly killScope: Response['killScope'];
  readonly stopInteractive: boolean;
  readonly protectedNamespaces: readonly string[];
  /** An incident that was last active longer ago is told, not acted on: its process may be anything by now. */
  readonly maxAgeMinutes: number;
  /** Decide and record what would have happened; order nothing. */
  readonly dryRun: boolean;
  readonly limits: ResponseLimits;
  /** The first that is about a drift decides on it. */
  readonly rules: readonly PolicyRule[];
}

/** DESIGN §8 and §11. */
export const defaultLimits: ResponseLimits = {
  windowMinutes: defaultBrakes.windowMs / 60_000,
  stopsPerWorkload: defaultBrakes.stopsPerWorkload,
  stopsPerCluster: defaultBrakes.stopsPerCluster,
  nodeShare: defaultBrakes.nodeShare,
  ownerShare: 0.25,
  holdsPerWorkload: defaultBrakes.holdsPerWorkload,
  holdsPerCluster: defaultBrakes.holdsPerCluster,
  rolloutMinutes: 30,
  settlingMinutes: 30,
};

export const defaultPolicy: ResponsePolicy = {
  version: 1,
  mode: 'alert',
  killScope: 'subtree',
  stopInteractive: false,
  protectedNamespaces: ['kube-system', 'whorl-system'],
  maxAgeMinutes: 10,
  dryRun: false,
  limits: defaultLimits,
  rules: [],
};

/** A rule with nothing left open; without a name it is the policy's own word for the rest. */
export interface ResolvedRule extends ResponseRule {
  readonly killScope: Response['killScope'];
  readonly stopInteractive: boolean;
  readonly dryRun: boolean;
  readonly limits: ResponseLimits;
}

/** What a policy says of one workload. */
export interface ResolvedPolicy {
  readonly response: Omit<Response, 'rules'> & { readonly rules: readonly ResolvedRule[] };
  /** Nothing is ever stopped there. */
  readonly protected: boolean;
  readonly maxAgeMs: number;
}

/**
 * The rules that can decide for a workload, in order, the policy's own word last. However many a policy has, no more are
 * left than there are kinds and severities (40), and one: what is never reached decides nothing.
 */
export function resolve(policy: ResponsePolicy, workload: Workload): ResolvedPolicy {
  const { killScope, stopInteractive, protectedNamespaces, maxAgeMinutes } = policy;
  const about = [
    ...policy.rules.filter((rule) => isAbout(rule.match, workload)).map((rule) => resolved(policy, rule)),
    lastWord(policy),
  ];
  const deciding = new Set([
    ...behaviourKinds.flatMap((kind) => severities.map((severity) => ruleFor(about, { kind, severity }))),
    // About an incident that names no drift.
    ruleFor(about),
  ]);
  return {
    response: { rules: about.filter((rule) => deciding.has(rule)), killScope, stopInteractive },
    protected: isProtected(protectedNamespaces, workload.namespace),
    maxAgeMs: maxAgeMinutes * 60_000,
  };
}

function resolved(policy: ResponsePolicy, rule: PolicyRule): ResolvedRule {
  const { name, match, mode } = rule;
  return {
    name,
    ...(match.kinds === undefined ? {} : { kinds: match.kinds }),
    ...(match.severities === undefined ? {} : { severities: match.severities }),
    mode,
    killScope: rule.killScope ?? policy.killScope,
    stopInteractive: rule.stopInteractive ?? policy.stopInteractive,
    dryRun: rule.dryRun ?? policy.dryRun,
    limits: { ...policy.limits, ...rule.limits },
  };
}

/** The policy's own word for whatever no rule is about. */
function lastWord(policy: ResponsePolicy): ResolvedRule {
  const { mode, killScope, stopInteractive, dryRun, limits } = policy;
  return { mode, killScope, stopInteractive, dryRun, limits };
}

export function isProtected(patterns: readonly string[], namespace: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, namespace));
}

function isAbout(
  { clusters, namespaces, images, owners }: RuleMatch,
  { cluster, namespace, subject, owner }: Workload,
): boolean {
  const names = (patterns: readonly string[] | undefined, given: string) =>
    patterns?.some((pattern) => matchesGlob(pattern, given)) ?? true;
  return (
    names(clusters, cluster) &&
    names(namespaces, namespace) &&
    names(owners, owner) &&
    (images?.some((pattern) => matchesImage(pattern, subject.name)) ?? true)
  );
}

/**
 * The part of it that a lease tells an agent. An agent never does more by itself than the collector would order: what is
 * rehearsed only, or protected, it may not stop, and where rules differ in how they stop, it takes the milder way.
 */
export function leaseResponse({ response, protected: isSpared }: ResolvedPolicy): Response {
  const { rules } = response;
  const stopping = rules.filter(({ mode, dryRun }) => (mode === 'freeze' || mode === 'kill') && !dryRun);
  const all = (is: (rule: ResolvedRule) => boolean) => stopping.length > 0 && stopping.every(is);
  return {
    rules: rules.map(({ kinds, severities: graves, mode, dryRun }) => ({
      ...(kinds === undefined ? {} : { kinds }),
      ...(graves === undefined ? {} : { severities: graves }),
      mode: (dryRun || isSpared) && mode !== 'observe' ? 'alert' : mode,
    })),
    killScope: all((rule) => rule.killScope === 'container') ? 'container' : 'subtree',
    stopInteractive: all((rule) => rule.stopInteractive),
  };
}

/** The limits in the brakes' own units. */
export function brakeLimits(limits: ResponseLimits): BrakeLimits {
  const { windowMinutes, rolloutMinutes, settlingMinutes, ...counts } = limits;
  return {
    ...counts,
    windowMs: windowMinutes * 60_000,
    rolloutMs: rolloutMinutes * 60_000,
    settlingMs: settlingMinutes * 60_000,
  };
}

/** How long a charge may still count under any rule. */
export function longestWindowMs({ limits, rules }: ResponsePolicy): number {
  const minutes = rules.map((rule) => rule.limits?.windowMinutes ?? 0);
  return Math.max(limits.windowMinutes, ...minutes) * 60_000;
}
