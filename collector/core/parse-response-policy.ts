import { behaviourKinds } from '../../fingerprint/event.ts';
import { isImagePattern } from '../../fingerprint/image-pattern.ts';
import { severities } from '../../fingerprint/incident.ts';
import { killScopes } from '../../fingerprint/response.ts';
import { modes } from '../../fingerprint/verdict.ts';
import { flag, list, Members, number, oneOf, Problems, shown } from './policy-reader.ts';
import { policyWarnings } from './policy-warnings.ts';
import {
  defaultPolicy,
  type PolicyRule,
  type ResponseLimits,
  type ResponsePolicy,
  type RuleMatch,
} from './response-policy.ts';

/** A person writes and reads them; each is walked for every new workload. */
export const maxRules = 200;
export const maxPatterns = 64;
/** What Kubernetes allows for a namespace, and more than any name of an owner. */
const maxPatternLength = 253;

export type ParsedPolicy =
  | { readonly kind: 'policy'; readonly policy: ResponsePolicy; readonly warnings: readonly string[] }
  /** Each names the member and what it may be. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/**
 * Reads a response policy from a parsed document of unknown origin. What is absent is as in `defaultPolicy`; what is not
 * known is refused, and every problem is told at once.
 */
export function parseResponsePolicy(value: unknown): ParsedPolicy {
  const problems = new Problems();
  const policy = readPolicy(value, problems);
  if (problems.all.length > 0) return { kind: 'refused', problems: problems.all };
  return { kind: 'policy', policy, warnings: policyWarnings(policy, isSaid(value, 'protectedNamespaces')) };
}

function readPolicy(value: unknown, problems: Problems): ResponsePolicy {
  const members = new Members(value, '', ['version', ...topMembers], problems);
  members.required('version', (given, path) => {
    if (given === 1) return 1;
    return problems.add(path, `is ${shown(given)}; it may be 1, the only version there is`);
  });
  const { maxAgeMinutes, ...initial } = defaultPolicy;
  return {
    version: 1,
    mode: members.read('mode', oneOf(modes, problems)) ?? initial.mode,
    killScope: members.read('killScope', oneOf(killScopes, problems)) ?? initial.killScope,
    stopInteractive: members.read('stopInteractive', flag(problems)) ?? initial.stopInteractive,
    protectedNamespaces:
      members.read('protectedNamespaces', list(pattern(problems), maxPatterns, problems)) ??
      initial.protectedNamespaces,
    maxAgeMinutes: members.read('maxAgeMinutes', number([1, 1440], true, problems)) ?? maxAgeMinutes,
    dryRun: members.read('dryRun', flag(problems)) ?? initial.dryRun,
    limits: { ...initial.limits, ...members.read('limits', limitsIn(problems)) },
    rules: readRules(members, problems),
  };
}

const topMembers = [
  'mode',
  'killScope',
  'stopInteractive',
  'protectedNamespaces',
  'maxAgeMinutes',
  'dryRun',
  'limits',
  'rules',
] as const satisfies readonly (keyof ResponsePolicy)[];

function readRules(members: Members, problems: Problems): readonly PolicyRule[] {
  const rules = members.read(
    'rules',
    list((value, path) => ruleIn(value, path, problems), maxRules, problems),
  );
  const first = new Map<string, number>();
  for (const [i, { name }] of (rules ?? []).entries()) {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, i);
    else problems.add(`rules[${i}].name`, `is "${name}", the name of rules[${earlier}]; each has its own`);
  }
  return rules ?? [];
}

const ruleMembers = [
  'name',
  'match',
  'mode',
  'dryRun',
  'killScope',
  'stopInteractive',
  'limits',
] as const satisfies readonly (keyof PolicyRule)[];

function ruleIn(value: unknown, path: string, problems: Problems): PolicyRule | undefined {
  const members = new Members(value, path, ruleMembers, problems);
  const name = members.required('name', nameIn(problems));
  const match = members.required('match', (given, at) => matchIn(given, at, problems));
  const mode = members.required('mode', oneOf(modes, problems));
  const dryRun = members.read('dryRun', flag(problems));
  const killScope = members.read('killScope', oneOf(killScopes, problems));
  const stopInteractive = members.read('stopInteractive', flag(problems));
  const limits = members.read('limits', limitsIn(problems));
  if (name === undefined || match === undefined || mode === undefined) return undefined;
  return {
    name,
    match,
    mode,
    ...(dryRun === undefined ? {} : { dryRun }),
    ...(killScope === undefined ? {} : { killScope }),
    ...(stopInteractive === undefined ? {} : { stopInteractive }),
    ...(limits === undefined ? {} : { limits }),
  };
}

/** Rules are named in orders, the audit and on terminals: a name is a word. */
function nameIn(problems: Problems) {
  return (value: unknown, path: string): string | undefined => {
    if (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)) return value;
    const form = 'at most 64 letters, digits, ".", "_" and "-", the first a letter or digit';
    return problems.add(path, `is ${shown(value)}; it may be ${form}`);
  };
}

const matchMembers = [
  'clusters',
  'namespaces',
  'images',
  'owners',
  'kinds',
  'severities',
] as const satisfies readonly (keyof RuleMatch)[];

function matchIn(value: unknown, path: string, problems: Problems): RuleMatch {
  const members = new Members(value, path, matchMembers, problems);
  const filled = <T>(read: (value: unknown, path: string) => T | undefined, most = maxPatterns) => {
    const all = list(read, most, problems);
    return (given: unknown, at: string): readonly T[] | undefined => {
      const items = all(given, at);
      // An empty list is as likely meant as "none" as "any": neither is guessed.
      return items?.length === 0 ? problems.add(at, 'is empty; leave it out to mean any') : items;
    };
  };
  const clusters = members.read('clusters', filled(pattern(problems)));
  const namespaces = members.read('namespaces', filled(pattern(problems)));
  const images = members.read('images', filled(imageIn(problems)));
  const owners = members.read('owners', filled(pattern(problems)));
  const kinds = members.read('kinds', filled(oneOf(behaviourKinds, problems)));
  const graves = members.read('severities', filled(oneOf(severities, problems)));
  return {
    ...(clusters === undefined ? {} : { clusters }),
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(images === undefined ? {} : { images }),
    ...(owners === undefined ? {} : { owners }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(graves === undefined ? {} : { severities: graves }),
  };
}

function pattern(problems: Problems) {
  return (value: unknown, path: string): string | undefined => {
    const isGood = typeof value === 'string' && value !== '' && value.length <= maxPatternLength;
    if (isGood && !/[\s\p{C}]/u.test(value) && !value.includes('**')) return value;
    return problems.add(path, `is ${shown(value)}; it may be a name, in which * stands for any signs but /`);
  };
}

function imageIn(problems: Problems) {
  return (value: unknown, path: string): string | undefined => {
    // A workload is known by its repository and digest: with a tag the rule would be about nothing.
    if (isImagePattern(value) && value.length <= maxPatternLength && !/@|:[^/]*$/.test(value)) return value;
    const form = 'a name without tag and digest, a prefix ending in /**, or ** for everything';
    return problems.add(path, `is ${shown(value)}; it may be ${form}`);
  };
}

/** The same bounds as the keys of the configuration. */
const limitRanges: Readonly<Record<keyof ResponseLimits, readonly [number, number]>> = {
  windowMinutes: [1, 1440],
  stopsPerWorkload: [0, 1000],
  stopsPerCluster: [0, 10_000],
  nodeShare: [0, 1],
  ownerShare: [0, 1],
  holdsPerWorkload: [0, 1000],
  holdsPerCluster: [0, 10_000],
  rolloutMinutes: [0, 1440],
  settlingMinutes: [0, 1440],
};

function limitsIn(problems: Problems) {
  return (value: unknown, path: string): Partial<ResponseLimits> => {
    const members = new Members(value, path, Object.keys(limitRanges), problems);
    const given = Object.entries(limitRanges).flatMap(([name, range]) => {
      const read = members.read(name, number(range, !name.endsWith('Share'), problems));
      return read === undefined ? [] : [[name, read] as const];
    });
    return Object.fromEntries(given);
  };
}

function isSaid(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}
