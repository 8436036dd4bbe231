import { listMember, member, textMember, textsMember } from './loose-json.ts';
import { refuse } from './object-reader.ts';
import { SbomDraft } from './sbom-draft.ts';
import { assertFew, type ScannerFinding, type ScannerReport, severityWord } from './scanner-finding.ts';
import { DraftPackages } from './scanner-packages.ts';
import { imageDigests, packageType, type SoftwarePackage } from './software-package.ts';

/** Results that are one program which holds all packages of it: its name is the place. */
const binaryTypes: readonly string[] = ['gobinary', 'rustbinary'];

/** @param document parsed JSON of `trivy image --format json`, schema 2 */
export function readTrivy(document: unknown): ScannerReport {
  if (member(document, 'SchemaVersion') !== 2) refuse('SchemaVersion', 'is not 2, the one that is read');
  const draft = new SbomDraft();
  const packages = new DraftPackages(draft);
  const findings: ScannerFinding[] = [];
  for (const [i, result] of listMember(document, 'Results').entries()) {
    for (const p of listMember(result, 'Packages', `Results[${i}].Packages`)) addPackage(packages, result, p);
    for (const v of listMember(result, 'Vulnerabilities', `Results[${i}].Vulnerabilities`))
      findings.push(addFinding(packages, result, v));
    assertFew(findings);
  }
  const version = textMember(member(document, 'Trivy'), 'Version');
  const tool = version === '' ? 'Trivy' : `Trivy ${version}`;
  const sbom = draft.finish({ format: 'report of Trivy', tool, digests: digestsOf(document), notes: [] });
  return { tool, findings, sbom };
}

/** With `--list-all-pkgs`: packages of the system then come with their files. */
function addPackage(packages: DraftPackages, result: unknown, p: unknown): void {
  const about = {
    name: textMember(p, 'Name'),
    version: versionOf(p),
    ...typeAndPurl(result, member(p, 'Identifier')),
  };
  if (about.name === '') return;
  packages.locate(about, placesOf(result, textMember(p, 'FilePath')));
  packages.claim(about, textsMember(p, 'InstalledFiles'));
}

function addFinding(packages: DraftPackages, result: unknown, v: unknown): ScannerFinding {
  const about: SoftwarePackage = {
    name: textMember(v, 'PkgName'),
    version: textMember(v, 'InstalledVersion'),
    ...typeAndPurl(result, member(v, 'PkgIdentifier')),
  };
  packages.locate(about, placesOf(result, textMember(v, 'PkgPath')));
  return {
    id: textMember(v, 'VulnerabilityID'),
    aliases: [],
    severity: severityWord(textMember(v, 'Severity')),
    package: about,
    fixedIn: textMember(v, 'FixedVersion'),
  };
}

function typeAndPurl(result: unknown, identifier: unknown): Pick<SoftwarePackage, 'type' | 'purl'> {
  const purl = textMember(identifier, 'PURL');
  return { type: packageType(purl, textMember(result, 'Type')), ...(purl === '' ? {} : { purl }) };
}

function placesOf(result: unknown, path: string): readonly string[] {
  if (path !== '') return [path];
  return binaryTypes.includes(textMember(result, 'Type')) ? [textMember(result, 'Target')] : [];
}

/** Packages have epoch, version and release apart; findings have them in one. */
function versionOf(p: unknown): string {
  const epoch = member(p, 'Epoch');
  const release = textMember(p, 'Release');
  const prefix = typeof epoch === 'number' && epoch > 0 ? `${epoch}:` : '';
  return `${prefix}${textMember(p, 'Version')}${release === '' ? '' : `-${release}`}`;
}

function digestsOf(document: unknown): readonly string[] {
  const metadata = member(document, 'Metadata');
  const texts = [textMember(metadata, 'ImageID'), ...textsMember(metadata, 'RepoDigests')];
  return imageDigests(texts);
}
