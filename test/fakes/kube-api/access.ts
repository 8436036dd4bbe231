import { failure, type Status } from './status.ts';

export interface Rule {
  /** Empty: Kubernetes' first group. */
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

/** Who holds a token, and what roles give him. */
export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  /** `all`: everything, as an administrator. */
  readonly rules: readonly Rule[] | 'all';
  /** What a projected token of a pod says besides: `authentication.kubernetes.io/pod-name` and the like. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  /** Whom its tokens are for; absent: the API server. */
  readonly audiences?: readonly string[];
}

export function serviceAccount(namespace: string, name: string, rules: User['rules']): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid: 'bcafd3eb-cd57-4873-820f-2eb9a4895451',
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    rules,
  };
}

/** What deploy/kubernetes/agent-rbac.yaml gives the agent. */
export const agentRules: readonly Rule[] = [
  { group: '', resource: 'pods', verbs: ['get', 'list', 'watch'] },
  { group: '', resource: 'namespaces', verbs: ['list', 'watch'] },
];

export function may({ rules }: User, verb: string, group: string, resource: string): boolean {
  if (rules === 'all') return true;
  return rules.some((r) => r.group === group && r.resource === resource && r.verbs.includes(verb));
}

export function forbidden(user: User, verb: string, resource: string, namespace: string | undefined): Status {
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message = `${resource} is forbidden: User "${user.name}" cannot ${verb} resource "${resource}" in API group "" ${where}`;
  return failure(403, 'Forbidden', message, { kind: resource });
}

const ownAudience = 'https://kubernetes.default.svc';

/**
 * What authenticators answer about a token; undefined: nobody's.
 * @param asked audiences it has to be for one of; none: the API server's own
 */
export function tokenReview(
  token: string,
  user: User | undefined,
  asked: readonly string[] = [ownAudience],
): object {
  const { audiences: meant = [ownAudience] } = user ?? {};
  const audiences = asked.filter((audience) => meant.includes(audience));
  const status = reviewOf(user, meant, asked, audiences);
  return {
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec: { token },
    status,
  };
}

function reviewOf(
  user: User | undefined,
  meant: readonly string[],
  asked: readonly string[],
  audiences: readonly string[],
): object {
  if (user === undefined) return { user: {}, error: 'invalid bearer token' };
  if (audiences.length === 0) {
    const list = (names: readonly string[]): string => `[${names.map((n) => JSON.stringify(n)).join(' ')}]`;
    return {
      user: {},
      error: `token audiences ${list(meant)} is invalid for the target audiences ${list(asked)}`,
    };
  }
  const { name, uid, groups, extra } = user;
  return {
    authenticated: true,
    user: { username: name, uid, groups, ...(extra === undefined ? {} : { extra }) },
    audiences,
  };
}

export function accessReview(spec: unknown, allowed: boolean): object {
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec,
    status: { allowed, ...(allowed ? { reason: 'RBAC: allowed' } : {}) },
  };
}

/** `kubectl auth whoami`. */
export function selfReview({ name, uid, groups }: User): object {
  return {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: null },
    status: { userInfo: { username: name, uid, groups } },
  };
}
