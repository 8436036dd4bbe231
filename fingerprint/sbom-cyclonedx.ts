import { listMember, member, textMember, textsMember } from './loose-json.ts';
import { readFilled, refuse } from './object-reader.ts';
import { printable } from './printable.ts';
import type { Sbom } from './sbom.ts';
import { type PackageDraft, SbomDraft } from './sbom-draft.ts';
import { ReferenceGraph } from './sbom-graph.ts';
import { imageDigests, packageType } from './software-package.ts';

/** Those that syft, trivy and cdxgen write today; the members that are read are the same in all of them. */
const knownVersions: readonly string[] = ['1.4', '1.5', '1.6'];
/** Components that stand for software; the rest are images, systems, machines, data and models. */
const packageKinds: readonly string[] = ['library', 'application', 'framework'];

/** @param document parsed JSON with `bomFormat: CycloneDX` */
export function readCycloneDx(document: unknown): Sbom {
  const version = textMember(document, 'specVersion');
  if (!/^1\.\d{1,2}$/.test(version))
    refuse(
      'specVersion',
      `is ${JSON.stringify(printable(version, 20))}; ${knownVersions.join(', ')} are read`,
    );
  const notes = knownVersions.includes(version)
    ? []
    : [`CycloneDX ${version} is not a version this was tested with (${knownVersions.join(', ')})`];
  const draft = new SbomDraft();
  const graph = new ReferenceGraph<PackageDraft>();
  readComponents({ draft, graph }, document, 'components', undefined);
  for (const dependency of listMember(document, 'dependencies'))
    for (const to of textsMember(dependency, 'dependsOn')) graph.edge(textMember(dependency, 'ref'), to);
  draft.holdAll(graph);
  const metadata = member(document, 'metadata');
  return draft.finish({
    format: `CycloneDX ${version}`,
    tool: toolOf(metadata),
    digests: digestsOf(member(metadata, 'component')),
    notes,
  });
}

interface Reading {
  readonly draft: SbomDraft;
  readonly graph: ReferenceGraph<PackageDraft>;
}

/** Components may hold components; how deep is bounded by the reader of JSON. */
function readComponents(
  { draft, graph }: Reading,
  holder: unknown,
  field: string,
  owner: PackageDraft | undefined,
): void {
  for (const [i, component] of listMember(holder, 'components', field).entries()) {
    const at = `${field}[${i}]`;
    const name = readFilled(member(component, 'name'), `${at}.name`);
    const kind = textMember(component, 'type');
    if (kind === 'file') {
      draft.list(name);
      if (owner !== undefined) draft.claim(owner, name);
    }
    const ref = textMember(component, 'bom-ref');
    const own = isPackage(component, kind) ? addPackage(draft, component, name) : owner;
    if (own !== owner && own !== undefined) graph.node(ref, own);
    else if (kind === 'application') graph.place(ref, name);
    readComponents({ draft, graph }, component, `${at}.components`, own);
  }
}

/** Trivy writes each Go program and lock file as an application without version and purl: a place, not a package. */
function isPackage(component: unknown, kind: string): boolean {
  if (!packageKinds.includes(kind)) return false;
  return kind !== 'application' || textMember(component, 'version') + textMember(component, 'purl') !== '';
}

function addPackage(draft: SbomDraft, component: unknown, name: string): PackageDraft {
  const purl = textMember(component, 'purl');
  const group = textMember(component, 'group');
  const properties = propertiesOf(component);
  const toolType =
    properties.get('syft:package:type')?.[0] ?? properties.get('aquasecurity:trivy:PkgType')?.[0] ?? '';
  const type = packageType(purl, toolType);
  const own = draft.add({
    name: group === '' ? name : `${group}${type === 'maven' ? ':' : '/'}${name}`,
    version: textMember(component, 'version'),
    type,
    ...(purl === '' ? {} : { purl }),
  });
  for (const place of placesOf(component, properties)) draft.locate(own, place);
  return own;
}

/** Values by name; a name may come twice. */
function propertiesOf(component: unknown): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const property of listMember(component, 'properties')) {
    const name = textMember(property, 'name');
    const values = found.get(name);
    if (values === undefined) found.set(name, [textMember(property, 'value')]);
    else values.push(textMember(property, 'value'));
  }
  return found;
}

/** Where a package was noticed: properties of syft and trivy, and what CycloneDX 1.5 has for it (cdxgen). */
function placesOf(component: unknown, properties: ReadonlyMap<string, readonly string[]>): string[] {
  const told = [...properties]
    .filter(([name]) => /^syft:location:\d+:path$|^aquasecurity:trivy:FilePath$|^SrcFile$/.test(name))
    .flatMap(([, values]) => values);
  const occurrences = listMember(member(component, 'evidence'), 'occurrences');
  return [...told, ...occurrences.map((o) => textMember(o, 'location'))];
}

/** `tools` is a list up to 1.4 and an object of components from 1.5 on. */
function toolOf(metadata: unknown): string {
  const tools = member(metadata, 'tools');
  const [first] = Array.isArray(tools) ? tools : listMember(tools, 'components', 'metadata.tools.components');
  return `${textMember(first, 'name')} ${textMember(first, 'version')}`.trim();
}

/** syft: the manifest's digest as version; trivy: properties and a purl of type oci. */
function digestsOf(component: unknown): readonly string[] {
  const texts = [
    textMember(component, 'version'),
    textMember(component, 'purl'),
    ...[...propertiesOf(component)]
      .filter(([name]) => /^aquasecurity:trivy:(?:ImageID|RepoDigest)$/.test(name))
      .flatMap(([, values]) => values),
  ];
  return imageDigests(texts);
}
