/** Enough of discovery for kubectl to find pods and namespaces, who it is and what it may do. */

const groups: Readonly<Record<string, readonly object[]>> = {
  'authentication.k8s.io': [
    { name: 'tokenreviews', singularName: '', namespaced: false, kind: 'TokenReview', verbs: ['create'] },
    {
      name: 'selfsubjectreviews',
      singularName: '',
      namespaced: false,
      kind: 'SelfSubjectReview',
      verbs: ['create'],
    },
  ],
  'authorization.k8s.io': [
    {
      name: 'selfsubjectaccessreviews',
      singularName: '',
      namespaced: false,
      kind: 'SelfSubjectAccessReview',
      verbs: ['create'],
    },
  ],
};

const pods = {
  name: 'pods',
  singularName: '',
  namespaced: true,
  kind: 'Pod',
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  shortNames: ['po'],
  categories: ['all'],
  storageVersionHash: 'xPOwRZ+Yhw8=',
};

const namespaces = {
  name: 'namespaces',
  singularName: '',
  namespaced: false,
  kind: 'Namespace',
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  shortNames: ['ns'],
  storageVersionHash: 'Q3oi5N2YM8M=',
};

const version = {
  major: '1',
  minor: '20',
  gitVersion: 'v1.20.2',
  gitCommit: 'faecb196815e248d3ecfb03c680a4507229c2a56',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'go1.19.8',
  compiler: 'gc',
  platform: 'linux/amd64',
};

export function discovery(path: string, address: string): object | undefined {
  if (path === '/version') return version;
  if (path === '/api')
    return {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
    };
  if (path === '/api/v1')
    return { kind: 'APIResourceList', groupVersion: 'v1', resources: [namespaces, pods] };
  if (path === '/apis')
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: Object.keys(groups).map(groupOf) };
  const [group = '', resources = []] =
    Object.entries(groups).find(([name]) => path === `/apis/${name}/v1`) ?? [];
  if (group === '') return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/v1`, resources };
}

function groupOf(name: string): object {
  const v1 = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [v1], preferredVersion: v1 };
}
