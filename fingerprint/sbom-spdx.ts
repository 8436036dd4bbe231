import { listMember, member, textMember, textsMember } from './loose-json.ts';
import { readFilled, refuse } from './object-reader.ts';
import { printable } from './printable.ts';
import type { Sbom } from './sbom.ts';
import { type PackageDraft, SbomDraft } from './sbom-draft.ts';
import { ReferenceGraph } from './sbom-graph.ts';
import { imageDigests, packageType } from './software-package.ts';

const knownVersions: readonly string[] = ['SPDX-2.2', 'SPDX-2.3'];
/** What a package element stands for when it is not software: the image itself, its system, a directory. */
const otherPurposes: readonly string[] = ['CONTAINER', 'OPERATING-SYSTEM', 'FILE', 'DEVICE', 'FIRMWARE'];

/** @param document parsed JSON with `spdxVersion` */
export function readSpdx(document: unknown): Sbom {
  const version = textMember(document, 'spdxVersion');
  if (!/^SPDX-2\.\d{1,2}$/.test(version))
    refuse(
      'spdxVersion',
      `is ${JSON.stringify(printable(version, 20))}; ${knownVersions.join(', ')} are read`,
    );
  const notes = knownVersions.includes(version)
    ? []
    : [`${printable(version, 20)} is not a version this was tested with (${knownVersions.join(', ')})`];
  const draft = new SbomDraft();
  const files = readFiles(draft, document);
  const roots = rootsOf(document);
  const graph = new ReferenceGraph<PackageDraft>();
  const packages = readPackages({ draft, graph }, document, { files, roots });
  readRelationships({ draft, graph }, document, { files, packages });
  draft.holdAll(graph);
  return draft.finish({
    format: version.replace('-', ' '),
    tool: toolOf(document),
    digests: digestsOf(document, roots),
    notes,
  });
}

function readFiles(draft: SbomDraft, document: unknown): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [i, file] of listMember(document, 'files').entries()) {
    const name = readFilled(member(file, 'fileName'), `files[${i}].fileName`);
    draft.list(name);
    files.set(textMember(file, 'SPDXID'), name);
  }
  return files;
}

/** Elements that the document says it describes: the image, not a package in it. */
function rootsOf(document: unknown): ReadonlySet<string> {
  const described = listMember(document, 'relationships')
    .filter((r) => textMember(r, 'relationshipType') === 'DESCRIBES')
    .map((r) => textMember(r, 'relatedSpdxElement'));
  return new Set([...described, ...textsMember(document, 'documentDescribes')]);
}

interface Reading {
  readonly draft: SbomDraft;
  readonly graph: ReferenceGraph<PackageDraft>;
}

function readPackages(
  { draft, graph }: Reading,
  document: unknown,
  { files, roots }: { files: ReadonlyMap<string, string>; roots: ReadonlySet<string> },
): ReadonlyMap<string, PackageDraft> {
  const packages = new Map<string, PackageDraft>();
  for (const [i, element] of listMember(document, 'packages').entries()) {
    const name = readFilled(member(element, 'name'), `packages[${i}].name`);
    const id = textMember(element, 'SPDXID');
    const purpose = textMember(element, 'primaryPackagePurpose');
    if (roots.has(id) || otherPurposes.includes(purpose)) continue;
    const purl = purlOf(element);
    // Trivy's form for a Go program or a lock file: a place that holds packages, not one of them.
    if (purpose === 'APPLICATION' && purl === '' && textMember(element, 'versionInfo') === '') {
      graph.place(id, name);
      continue;
    }
    const own = draft.add({
      name,
      version: textMember(element, 'versionInfo'),
      type: packageType(purl, toolTypeOf(element)),
      ...(purl === '' ? {} : { purl }),
    });
    packages.set(id, own);
    graph.node(id, own);
    for (const file of textsMember(element, 'hasFiles')) claimFile(draft, own, files.get(file));
  }
  return packages;
}

function claimFile(draft: SbomDraft, own: PackageDraft, path: string | undefined): void {
  if (path !== undefined) draft.claim(own, path);
}

function purlOf(element: unknown): string {
  const reference = listMember(element, 'externalRefs').find(
    (r) => textMember(r, 'referenceType') === 'purl',
  );
  return textMember(reference, 'referenceLocator');
}

/** Trivy writes its own properties as annotations: `PkgType: jar`. */
function toolTypeOf(element: unknown): string {
  const comments = listMember(element, 'annotations').map((a) => textMember(a, 'comment'));
  return /^PkgType: (.+)$/.exec(comments.find((c) => c.startsWith('PkgType: ')) ?? '')?.[1] ?? '';
}

/** Who holds which file: `CONTAINS` says it; syft's `evident-by` says where a package was noticed. */
function readRelationships(
  { draft, graph }: Reading,
  document: unknown,
  { files, packages }: { files: ReadonlyMap<string, string>; packages: ReadonlyMap<string, PackageDraft> },
): void {
  for (const relationship of listMember(document, 'relationships')) {
    const type = textMember(relationship, 'relationshipType');
    const ends = [textMember(relationship, 'spdxElementId'), textMember(relationship, 'relatedSpdxElement')];
    const [from = '', to = ''] = type === 'CONTAINED_BY' ? ends.toReversed() : ends;
    const [own, path] = [packages.get(from), files.get(to)];
    if (type === 'CONTAINS' || type === 'DEPENDS_ON') graph.edge(from, to);
    if (own === undefined || path === undefined) continue;
    if (type === 'CONTAINS' || type === 'CONTAINED_BY') draft.claim(own, path);
    else if (textMember(relationship, 'comment').startsWith('evident-by')) draft.locate(own, path);
  }
}

function toolOf(document: unknown): string {
  const creators = textsMember(member(document, 'creationInfo'), 'creators');
  const tool = creators.find((c) => c.startsWith('Tool: '))?.slice('Tool: '.length) ?? '';
  return tool.replace(/-(?=v?\d)/, ' ');
}

/** syft: checksum and purl of the root; trivy: its purl. */
function digestsOf(document: unknown, roots: ReadonlySet<string>): readonly string[] {
  const found = listMember(document, 'packages')
    .filter((p) => roots.has(textMember(p, 'SPDXID')))
    .flatMap((p) => [
      textMember(p, 'versionInfo'),
      purlOf(p),
      ...listMember(p, 'checksums')
        .filter((c) => textMember(c, 'algorithm') === 'SHA256')
        .map((c) => `sha256:${textMember(c, 'checksumValue')}`),
    ]);
  return imageDigests(found);
}
