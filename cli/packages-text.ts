import type { Baseline, Fingerprint } from '../fingerprint/fingerprint.ts';
import type { Owner } from '../fingerprint/package-owner.ts';
import { type PackageUse, type Use, uses } from '../fingerprint/package-use.ts';
import { extent, ownerWords } from '../fingerprint/package-words.ts';
import { quoted } from '../fingerprint/phrase.ts';
import { printable } from '../fingerprint/printable.ts';
import { baseName } from '../fingerprint/program.ts';
import { packageWords, type SoftwarePackage } from '../fingerprint/software-package.ts';
import type { Vulnerability } from '../fingerprint/vulnerabilities.ts';
import { counted } from './known-file.ts';
import type { Packages } from './sbom-file.ts';
import { styled, type Text } from './text.ts';

/** So many of a list are shown without --all. */
const shown = 20;

/** Whose the code is that ran, what never ran, and which vulnerabilities matter first. Safe for a terminal. */
export function packageLines(packages: Packages, known: Baseline | Fingerprint, all: boolean): Text[] {
  return [...sbomLines(packages, known, all), ...vulnerabilityLines(packages.vulnerabilities, all)];
}

function sbomLines({ sbom, use }: Packages, known: Baseline | Fingerprint, all: boolean): Text[] {
  if (sbom === undefined || use === undefined) return [];
  const tool = sbom.tool === '' ? '' : ` of ${printable(sbom.tool, 60)}`;
  const of = (...wanted: readonly Use[]): readonly PackageUse[] =>
    use.packages.filter((p) => wanted.includes(p.use));
  const code = use.files.map(
    (f) =>
      `  ${f.use === 'executed' ? 'runs' : 'loads'} ${quoted(f.path)}${loadersOf(f.use, f.by)}: ${ownerWords(f.owner)}`,
  );
  return [
    '',
    [
      styled(
        'bold',
        `${counted(sbom.packages.length, 'package')} in the SBOM (${sbom.format}${tool}), ${of('executed', 'loaded').length} of them ran`,
      ),
    ],
    ...cut(code, all),
    ...named(`never executed or loaded in ${extent(known)}`, of('unseen', 'read'), all),
    ...named('cannot be told', of('unknown'), all),
  ];
}

function loadersOf(use: 'executed' | 'loaded', by: readonly string[]): string {
  if (use === 'executed') return '';
  const names = by.slice(0, 3).map((exe) => quoted(baseName(exe)));
  return ` into ${names.join(', ')}${by.length > names.length ? ` and ${by.length - names.length} more` : ''}`;
}

function named(what: string, packages: readonly PackageUse[], all: boolean): Text[] {
  if (packages.length === 0) return [];
  return [
    `${what}: ${counted(packages.length, 'package')}`,
    ...cut(
      packages.map(
        (p) => `  - ${packageWords(p.package)}${p.use === 'read' ? ', some of its files were read' : ''}`,
      ),
      all,
    ),
  ];
}

function cut(lines: readonly string[], all: boolean): string[] {
  if (all || lines.length <= shown) return [...lines];
  return [...lines.slice(0, shown), `  and ${lines.length - shown} more; --all lists them`];
}

function vulnerabilityLines(vulnerabilities: readonly Vulnerability[] | undefined, all: boolean): Text[] {
  if (vulnerabilities === undefined) return [];
  const ran = vulnerabilities.filter((v) => v.use === 'executed' || v.use === 'loaded').length;
  const unmatched = vulnerabilities.filter((v) => !v.matched).length;
  const count =
    vulnerabilities.length === 1 ? '1 vulnerability' : `${vulnerabilities.length} vulnerabilities`;
  return [
    '',
    [styled('bold', `${count}, ${ran} in packages that ran`)],
    ...cut(
      vulnerabilities.map((v) => `  - ${v.sentence}`),
      all,
    ),
    ...(unmatched === 0 ? [] : [`${unmatched} of packages that the SBOM does not name`]),
    'not seen is not out of reach: another copy, or an attacker, may run what these copies did not',
  ];
}

/** Members and their order are a contract with scripts (docs/operations.md). */
export function packagesTold({ sbom, owners, use, vulnerabilities }: Packages): object {
  return {
    ...(sbom === undefined || owners === undefined || use === undefined
      ? {}
      : {
          sbom: { format: sbom.format, tool: sbom.tool, files: owners.files, digests: sbom.digests },
          uses: Object.fromEntries(uses.map((u) => [u, use.packages.filter((p) => p.use === u).length])),
          code: use.files.map((f) => ({ path: f.path, use: f.use, by: f.by, owner: ownerTold(f.owner) })),
          packages: use.packages.map((p) => ({
            ...packageTold(p.package),
            use: p.use,
            ...(p.why === undefined ? {} : { why: p.why }),
            by: p.by,
            files: p.files,
          })),
        }),
    ...(vulnerabilities === undefined
      ? {}
      : { vulnerabilities: vulnerabilities.map((v) => ({ ...v, package: packageTold(v.package) })) }),
  };
}

function ownerTold(owner: Owner): object {
  return owner.kind === 'packages'
    ? { kind: owner.kind, packages: owner.packages.map(packageTold) }
    : { kind: owner.kind };
}

/** Without its files, which may be thousands. */
function packageTold({ name, version, type, purl }: SoftwarePackage): object {
  return { name, version, type, ...(purl === undefined ? {} : { purl }) };
}
