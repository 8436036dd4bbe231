import { FingerprintError } from './errors.ts';
import { ObjectReader, readText } from './object-reader.ts';

/** One container of a profile, ready to be converted. */
export interface KubescapeContainer {
  readonly name: string;
  /** `registry/name@sha256:…`, the digest alone, or what else the document has there. */
  readonly imageId?: string;
  readonly imageTag?: string;
  readonly madeAt?: string;
  readonly execs: readonly { readonly path: string; readonly args: readonly string[] }[];
  readonly opens: readonly { readonly path: string; readonly flags: readonly string[] }[];
  readonly capabilities: readonly string[];
  readonly endpoints: readonly KubescapeEndpoint[];
  readonly egress: readonly KubescapeNeighbour[];
  readonly ingress: readonly KubescapeNeighbour[];
  /** Lists that are there, if only empty. */
  readonly hasOpens: boolean;
  readonly hasEgress: boolean;
}

export interface KubescapeEndpoint {
  /** `:8080/path`, or `host:80/path`. */
  readonly endpoint: string;
  readonly direction: string;
  readonly hosts: readonly string[];
}

export interface KubescapeNeighbour {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly protocol: string; readonly port: number }[];
  /** What it is called when it is left out. */
  readonly label: string;
}

const maxItems = 40_000;

/**
 * Reads the documents of one file: an ApplicationProfile or ContainerProfile of Kubescape, and the NetworkNeighborhood
 * beside it. Unknown members are left alone: they are another product's, and what they might grant is not taken over.
 * @param documents plain values, as a reader of YAML or JSON gives them
 * @throws FingerprintError SCHEMA
 */
export function readKubescape(documents: readonly unknown[]): readonly KubescapeContainer[] {
  const read = documents.map((value, i) =>
    readDocument(value, documents.length === 1 ? '' : `documents[${i}]`),
  );
  const networks = new Map(
    read.flatMap((d) => (d.kind === 'NetworkNeighborhood' ? d.containers : [])).map((c) => [c.name, c]),
  );
  const profiles = read.flatMap((d) => (d.kind === 'NetworkNeighborhood' ? [] : d.containers));
  if (profiles.length === 0)
    throw new FingerprintError('SCHEMA', 'is no ApplicationProfile or ContainerProfile with containers');
  return profiles.map((profile) => withNetwork(profile, networks.get(profile.name)));
}

function withNetwork(
  profile: KubescapeContainer,
  network: KubescapeContainer | undefined,
): KubescapeContainer {
  if (network === undefined) return profile;
  return {
    ...profile,
    egress: [...profile.egress, ...network.egress],
    ingress: [...profile.ingress, ...network.ingress],
    hasEgress: profile.hasEgress || network.hasEgress,
  };
}

const kinds = ['ApplicationProfile', 'ContainerProfile', 'NetworkNeighborhood'] as const;

function readDocument(
  value: unknown,
  field: string,
): { readonly kind: (typeof kinds)[number]; readonly containers: readonly KubescapeContainer[] } {
  const r = new ObjectReader(value, field);
  const kind = r.word('kind', kinds);
  const metadata = r.has('metadata') ? r.value('metadata', (v, f) => new ObjectReader(v, f)) : undefined;
  const madeAt = metadata === undefined ? undefined : textOf(metadata, 'creationTimestamp');
  const spec = r.value('spec', (v, f) => new ObjectReader(v, f));
  const one = (c: ObjectReader, name: string): KubescapeContainer => readContainer(c, name, madeAt);
  if (kind === 'ContainerProfile') {
    const name = metadata === undefined ? undefined : containerName(metadata);
    return { kind, containers: [one(spec, name ?? 'container')] };
  }
  const containers = ['containers', 'initContainers', 'ephemeralContainers'].flatMap((name) =>
    listOf(spec, name, (v, f) => {
      const c = new ObjectReader(v, f);
      return one(c, c.text('name', 256));
    }),
  );
  return { kind, containers };
}

function containerName(metadata: ObjectReader): string | undefined {
  const labels = metadata.has('labels')
    ? metadata.value('labels', (v, f) => new ObjectReader(v, f))
    : undefined;
  const label = 'kubescape.io/workload-container-name';
  return (labels === undefined ? undefined : textOf(labels, label)) ?? textOf(metadata, 'name');
}

function readContainer(r: ObjectReader, name: string, madeAt: string | undefined): KubescapeContainer {
  const imageId = textOf(r, 'imageID');
  const imageTag = textOf(r, 'imageTag');
  return {
    name,
    ...(imageId === undefined ? {} : { imageId }),
    ...(imageTag === undefined ? {} : { imageTag }),
    ...(madeAt === undefined ? {} : { madeAt }),
    execs: listOf(r, 'execs', (v, f) => {
      const e = new ObjectReader(v, f);
      return { path: textOf(e, 'path') ?? '', args: listOf(e, 'args', readWord) };
    }),
    opens: listOf(r, 'opens', (v, f) => {
      const o = new ObjectReader(v, f);
      return { path: o.text('path'), flags: listOf(o, 'flags', readWord) };
    }),
    capabilities: listOf(r, 'capabilities', readCapability),
    endpoints: listOf(r, 'endpoints', readEndpoint),
    egress: listOf(r, 'egress', readNeighbour),
    ingress: listOf(r, 'ingress', readNeighbour),
    hasOpens: isList(r, 'opens'),
    hasEgress: isList(r, 'egress'),
  };
}

function textOf(r: ObjectReader, name: string): string | undefined {
  return r.has(name) && r.raw(name) !== null ? r.text(name) : undefined;
}

function isList(r: ObjectReader, name: string): boolean {
  return r.has(name) && r.raw(name) !== null;
}

function listOf<T>(r: ObjectReader, name: string, item: (v: unknown, f: string) => T): readonly T[] {
  return isList(r, name) ? r.list(name, item, maxItems) : [];
}

/** YAML reads `5` and `no` as what they look like; here they are words. */
function readWord(value: unknown, field: string): string {
  return readText(typeof value === 'number' || typeof value === 'boolean' ? String(value) : value, field);
}

function readCapability(value: unknown, field: string): string {
  const name = readText(value, field, 64).toUpperCase();
  return name.startsWith('CAP_') ? name : `CAP_${name}`;
}

function readEndpoint(value: unknown, field: string): KubescapeEndpoint {
  const r = new ObjectReader(value, field);
  const headers = isList(r, 'headers') ? r.value('headers', (v, f) => new ObjectReader(v, f)) : undefined;
  return {
    endpoint: r.text('endpoint'),
    direction: textOf(r, 'direction') ?? '',
    hosts: headers === undefined ? [] : listOf(headers, 'Host', readWord),
  };
}

function readNeighbour(value: unknown, field: string): KubescapeNeighbour {
  const r = new ObjectReader(value, field);
  const single = (name: string): string[] => [textOf(r, name) ?? ''].filter((text) => text !== '');
  const names = [...single('dns'), ...listOf(r, 'dnsNames', readWord)];
  const addresses = [...single('ipAddress'), ...listOf(r, 'ipAddresses', readWord)];
  return {
    names: [...new Set(names)],
    addresses: [...new Set(addresses)],
    ports: listOf(r, 'ports', (v, f) => {
      const p = new ObjectReader(v, f);
      return { protocol: (textOf(p, 'protocol') ?? 'TCP').toLowerCase(), port: p.integer('port', 0, 65_535) };
    }),
    label: textOf(r, 'identifier') ?? 'a neighbour by labels',
  };
}
