import { isPlainName } from './agent-identity.ts';

/** What a projected service-account token proves, however it was checked. */
export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly node?: { readonly name: string; readonly uid?: string };
}

export interface AccountRefusal {
  readonly code: 'service-account' | 'pod-not-on-node';
  readonly sentence: string;
}

/** Of the claims of a token whose signature was verified. @returns undefined when it is no service account's */
export function accountOfClaims(claims: Readonly<Record<string, unknown>>): ServiceAccount | undefined {
  const told = claims['kubernetes.io'];
  const namespace = text(told, 'namespace');
  const account = member(told, 'serviceaccount');
  const name = text(account, 'name');
  if (namespace === undefined || name === undefined) return undefined;
  // Both ways of saying it must agree: a token whose subject is somebody else's is none of ours.
  if (claims.sub !== `system:serviceaccount:${namespace}:${name}`) return undefined;
  const [pod, node] = [member(told, 'pod'), member(told, 'node')];
  return {
    namespace,
    name,
    ...bound(text(pod, 'name'), text(pod, 'uid')),
    ...onNode(text(node, 'name'), text(node, 'uid')),
  };
}

/** Of `status.user` of a TokenReview that said `authenticated`. @returns undefined when it is no service account's */
export function accountOfReview(user: unknown): ServiceAccount | undefined {
  const [, namespace, name] =
    /^system:serviceaccount:([0-9a-z.-]{1,253}):([0-9a-z.-]{1,253})$/.exec(text(user, 'username') ?? '') ??
    [];
  if (namespace === undefined || name === undefined) return undefined;
  const extra = member(user, 'extra');
  const one = (key: string): string | undefined => {
    const values = member(extra, `authentication.kubernetes.io/${key}`);
    return Array.isArray(values) && values.length === 1 ? textOf(values[0]) : undefined;
  };
  return {
    namespace,
    name,
    ...bound(one('pod-name'), one('pod-uid')),
    ...onNode(one('node-name'), one('node-uid')),
  };
}

/** Whether this account may enrol that node. */
export function accountRefusal(
  account: ServiceAccount,
  allowed: readonly string[],
  node: string,
): AccountRefusal | undefined {
  const who = `${account.namespace}/${account.name}`;
  if (!allowed.includes(who))
    return {
      code: 'service-account',
      sentence: `the service account ${who} may not enrol agents; allowed here: ${allowed.join(', ')}`,
    };
  if (account.pod === undefined)
    return {
      code: 'service-account',
      sentence:
        'the token is bound to no pod, so it could be used from anywhere; mount a projected service-account token',
    };
  if (account.node === undefined || !isPlainName(account.node.name))
    return {
      code: 'pod-not-on-node',
      sentence:
        'the token does not say on which node its pod runs; that needs Kubernetes 1.30 or newer, or a join token for this node',
    };
  if (account.node.name !== node)
    return {
      code: 'pod-not-on-node',
      sentence: `the pod of this token runs on the node ${account.node.name}, and it asks to be another; set node to spec.nodeName`,
    };
  return undefined;
}

function bound(name: string | undefined, uid: string | undefined): Pick<ServiceAccount, 'pod'> {
  return name === undefined || uid === undefined ? {} : { pod: { name, uid } };
}

function onNode(name: string | undefined, uid: string | undefined): Pick<ServiceAccount, 'node'> {
  if (name === undefined) return {};
  return { node: uid === undefined || !isPlainName(uid) ? { name } : { name, uid } };
}

function text(from: unknown, key: string): string | undefined {
  return textOf(member(from, key));
}

/** Names of Kubernetes and what is made of them: nothing else is believed to be one. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9A-Za-z.:_-]{1,600}$/.test(value) ? value : undefined;
}

function member(from: unknown, key: string): unknown {
  return typeof from === 'object' && from !== null && Object.hasOwn(from, key)
    ? Reflect.get(from, key)
    : undefined;
}
