/** Who an agent is, as its certificate says it. */
export interface AgentIdentity {
  readonly cluster: string;
  /** The node's UID where Kubernetes told it, else its name. */
  readonly id: string;
  readonly node: string;
}

/** What SPIFFE allows in a segment of a path: nothing that would have to be escaped in a URI, a log or a certificate. */
const segment = /^(?!\.{1,2}$)[0-9A-Za-z._-]{1,253}$/;
const trustDomainForm = /^[0-9a-z._-]{1,255}$/;

export function isPlainName(name: string): boolean {
  return segment.test(name);
}

export function isTrustDomain(name: string): boolean {
  return trustDomainForm.test(name);
}

/** The name in the certificate: `spiffe://TRUST-DOMAIN/agent/CLUSTER/ID`. Names must be plain. */
export function spiffeId(
  trustDomain: string,
  { cluster, id }: Pick<AgentIdentity, 'cluster' | 'id'>,
): string {
  return `spiffe://${trustDomain}/agent/${cluster}/${id}`;
}

/** @returns undefined when it is no agent of this trust domain */
function parseSpiffeId(uri: string, trustDomain: string): Pick<AgentIdentity, 'cluster' | 'id'> | undefined {
  const prefix = `spiffe://${trustDomain}/agent/`;
  if (!uri.startsWith(prefix)) return undefined;
  const [cluster, id, ...more] = uri.slice(prefix.length).split('/');
  if (cluster === undefined || id === undefined || more.length > 0) return undefined;
  return isPlainName(cluster) && isPlainName(id) ? { cluster, id } : undefined;
}

/**
 * Whom a certificate speaks for: exactly one name of an agent and one of its node, or nobody.
 * @param shown signed by us: this reads what we wrote, and refuses what we never write
 */
export function identityOf(
  shown: { readonly uris: readonly string[]; readonly hosts: readonly string[] },
  trustDomain: string,
): AgentIdentity | undefined {
  const [[uri, ...uris], [node, ...nodes]] = [shown.uris, shown.hosts];
  if (uri === undefined || node === undefined || uris.length + nodes.length > 0) return undefined;
  const named = parseSpiffeId(uri, trustDomain);
  return named === undefined || !isPlainName(node) ? undefined : { ...named, node };
}

export interface HelloRefusal {
  readonly code: 'node-mismatch' | 'cluster-mismatch';
  readonly sentence: string;
}

/** A certificate speaks for one node of one cluster: whoever stole it can tell nothing of another. */
export function helloRefusal(
  identity: AgentIdentity,
  hello: { readonly node: string; readonly cluster: string },
): HelloRefusal | undefined {
  if (hello.cluster !== identity.cluster)
    return {
      code: 'cluster-mismatch',
      sentence: `the certificate is of the cluster ${identity.cluster}, and the agent says it is of another; set cluster as it was when it enrolled, or enrol again`,
    };
  if (hello.node !== identity.node)
    return {
      code: 'node-mismatch',
      sentence: `the certificate is of the node ${identity.node}, and the agent says it is another; set node as it was when it enrolled, or enrol again`,
    };
  return undefined;
}
