import { listMember, member, textMember, textsMember } from './loose-json.ts';
import { SbomDraft } from './sbom-draft.ts';
import { assertFew, type ScannerFinding, type ScannerReport, severityWord } from './scanner-finding.ts';
import { DraftPackages } from './scanner-packages.ts';
import { imageDigests, packageType, type SoftwarePackage } from './software-package.ts';

/** @param document parsed JSON of `grype -o json` */
export function readGrype(document: unknown): ScannerReport {
  const draft = new SbomDraft();
  const packages = new DraftPackages(draft);
  const findings = listMember(document, 'matches').map((match) => findingOf(packages, match));
  assertFew(findings);
  const tool = `Grype ${textMember(member(document, 'descriptor'), 'version')}`.trim();
  const sbom = draft.finish({ format: 'report of Grype', tool, digests: digestsOf(document), notes: [] });
  return { tool, findings, sbom };
}

function findingOf(packages: DraftPackages, match: unknown): ScannerFinding {
  const artifact = member(match, 'artifact');
  const purl = textMember(artifact, 'purl');
  const about: SoftwarePackage = {
    name: textMember(artifact, 'name'),
    version: textMember(artifact, 'version'),
    type: packageType(purl, textMember(artifact, 'type')),
    ...(purl === '' ? {} : { purl }),
  };
  packages.locate(
    about,
    listMember(artifact, 'locations').map((l) => textMember(l, 'path')),
  );
  const vulnerability = member(match, 'vulnerability');
  const id = textMember(vulnerability, 'id');
  const related = listMember(match, 'relatedVulnerabilities').map((r) => textMember(r, 'id'));
  return {
    id,
    aliases: [...new Set(related)].filter((alias) => alias !== id && alias !== ''),
    severity: severityWord(textMember(vulnerability, 'severity')),
    package: about,
    fixedIn: textsMember(member(vulnerability, 'fix'), 'versions').join(', '),
  };
}

function digestsOf(document: unknown): readonly string[] {
  const target = member(member(document, 'source'), 'target');
  const texts = [
    textMember(target, 'imageID'),
    textMember(target, 'manifestDigest'),
    ...textsMember(target, 'repoDigests'),
  ];
  return imageDigests(texts);
}
