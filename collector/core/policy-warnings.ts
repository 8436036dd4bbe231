import { behaviourKinds } from '../../fingerprint/event.ts';
import { coversPattern } from '../../fingerprint/image-pattern.ts';
import { severities } from '../../fingerprint/incident.ts';
import { coversGlob } from './glob.ts';
import {
  defaultPolicy,
  isProtected,
  type PolicyRule,
  type ResponsePolicy,
  type RuleMatch,
} from './response-policy.ts';

/** What is allowed and hardly meant, in sentences. */
export function policyWarnings(policy: ResponsePolicy, saysProtected: boolean): readonly string[] {
  return [
    ...(saysProtected ? unprotected(policy) : []),
    ...policy.rules.flatMap((rule, i) => [
      ...unreachable(policy.rules, rule, i),
      ...pointless(policy, rule, i),
    ]),
  ];
}

function unprotected({ protectedNamespaces }: ResponsePolicy): readonly string[] {
  const open = defaultPolicy.protectedNamespaces.filter((name) => !isProtected(protectedNamespaces, name));
  return open.map(
    (name) =>
      `protectedNamespaces leaves out ${name}: what runs there may be stopped, and much of a cluster with it`,
  );
}

function unreachable(rules: readonly PolicyRule[], rule: PolicyRule, index: number): readonly string[] {
  const earlier = rules.slice(0, index).find(({ match }) => coversMatch(match, rule.match));
  if (earlier === undefined) return [];
  return [
    `rules[${index}] (${rule.name}) never decides: ${earlier.name} before it is about everything it is about; put it first, or take it out`,
  ];
}

/** A rule that may stop something where nothing is ever stopped, or says how to stop and stops nothing. */
function pointless(policy: ResponsePolicy, rule: PolicyRule, index: number): readonly string[] {
  const stops = rule.mode === 'freeze' || rule.mode === 'kill';
  const { namespaces } = rule.match;
  const isSpared = namespaces?.every((name) => policy.protectedNamespaces.some((p) => coversGlob(p, name)));
  if (stops && isSpared === true)
    return [`rules[${index}] (${rule.name}) is about protected namespaces alone, where nothing is stopped`];
  if (rule.killScope === undefined || rule.mode === 'kill') return [];
  return [`rules[${index}].killScope says nothing: the mode of ${rule.name} is ${rule.mode}, not kill`];
}

/** Whether `broad` is about whatever `narrow` is about. */
function coversMatch(broad: RuleMatch, narrow: RuleMatch): boolean {
  return (
    coversAll(broad.clusters, narrow.clusters, coversGlob) &&
    coversAll(broad.namespaces, narrow.namespaces, coversGlob) &&
    coversAll(broad.owners, narrow.owners, coversGlob) &&
    coversAll(broad.images, narrow.images, coversPattern) &&
    coversWords(broad.kinds, narrow.kinds ?? behaviourKinds) &&
    coversWords(broad.severities, narrow.severities ?? severities)
  );
}

function coversAll(
  broad: readonly string[] | undefined,
  narrow: readonly string[] | undefined,
  covers: (broad: string, narrow: string) => boolean,
): boolean {
  if (broad === undefined) return true;
  return narrow?.every((pattern) => broad.some((b) => covers(b, pattern))) ?? false;
}

function coversWords<T>(broad: readonly T[] | undefined, narrow: readonly T[]): boolean {
  return broad === undefined || narrow.every((word) => broad.includes(word));
}
