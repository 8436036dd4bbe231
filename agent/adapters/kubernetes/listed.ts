/** Objects of one kind that are listed and followed. */
export interface Listed {
  readonly path: string;
  /** What selects them. */
  readonly query: Readonly<Record<string, string>>;
  /** What a list of them calls itself. */
  readonly kind: string;
  /** For people, after "a list of". */
  readonly plural: string;
  /** Whoever is refused lacks these. */
  readonly rights: string;
}

/** @param node its name in the API */
export function podsOn(node: string): Listed {
  return {
    path: '/api/v1/pods',
    query: { fieldSelector: `spec.nodeName=${node}` },
    kind: 'PodList',
    plural: 'pods',
    rights: 'get, list and watch on pods in all namespaces',
  };
}

/** Only those that bear the label, whatever it says: few, of however many there are. */
export function namespacesWith(label: string): Listed {
  return {
    path: '/api/v1/namespaces',
    query: { labelSelector: label },
    kind: 'NamespaceList',
    plural: 'namespaces',
    rights: 'list and watch on namespaces',
  };
}
