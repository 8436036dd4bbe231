import type { Baseline, Fingerprint } from './fingerprint.ts';
import { Owners } from './package-owner.ts';
import { type PackageUse, packageUse, type Use, uses } from './package-use.ts';
import { useWords } from './package-words.ts';
import { quoted } from './phrase.ts';
import { printable } from './printable.ts';
import { compareText } from './program.ts';
import type { Sbom } from './sbom.ts';
import { type ScannerFinding, type ScannerReport, vulnerabilitySeverities } from './scanner-finding.ts';
import { packageKeys, packageWords } from './software-package.ts';

/** A scanner's finding with what is known of its package's use. */
export interface Vulnerability extends ScannerFinding {
  readonly use: Use;
  readonly by: readonly string[];
  readonly files: readonly string[];
  /** Whether the SBOM names the package; without an SBOM the report's own list stands for it. */
  readonly matched: boolean;
  readonly sentence: string;
}

/**
 * The findings of a scanner, those in packages that really ran first, then by severity. "Not seen" is no statement of
 * what can be reached: another copy, or an attacker, may run what these copies did not.
 */
export function rankVulnerabilities(
  known: Baseline | Fingerprint,
  report: ScannerReport,
  sbom: Sbom | undefined,
): Vulnerability[] {
  const named = sbom === undefined ? undefined : usesOf(known, sbom);
  const own = usesOf(known, report.sbom);
  return report.findings.map((finding) => vulnerabilityOf(known, finding, { named, own })).sort(compare);
}

/** By every key a package may be asked for; where several are called alike, the one that ran says it. */
function usesOf(known: Baseline | Fingerprint, sbom: Sbom): ReadonlyMap<string, PackageUse> {
  const byKey = new Map<string, PackageUse>();
  for (const use of packageUse(known, new Owners(sbom), sbom.packages).packages) {
    for (const key of packageKeys(use.package)) {
      const other = byKey.get(key);
      if (other === undefined || uses.indexOf(use.use) < uses.indexOf(other.use)) byKey.set(key, use);
    }
  }
  return byKey;
}

function vulnerabilityOf(
  known: Baseline | Fingerprint,
  finding: ScannerFinding,
  from: {
    readonly named: ReadonlyMap<string, PackageUse> | undefined;
    readonly own: ReadonlyMap<string, PackageUse>;
  },
): Vulnerability {
  const find = (map: ReadonlyMap<string, PackageUse>): PackageUse | undefined =>
    packageKeys(finding.package)
      .map((key) => map.get(key))
      .find((use) => use !== undefined);
  const named = from.named === undefined ? undefined : find(from.named);
  const use = named ?? find(from.own);
  const matched = named !== undefined || from.named === undefined;
  const words = use === undefined ? 'nothing says which files it has' : useWords(use, known);
  const sentence = `${nameOf(finding)} in ${packageWords(finding.package)}: ${words}${fixWords(finding)}${matched ? '' : '; the SBOM does not name this package'}`;
  return {
    ...finding,
    use: use?.use ?? 'unknown',
    by: use?.by ?? [],
    files: use?.files ?? [],
    matched,
    sentence,
  };
}

function nameOf({ id, aliases, severity }: ScannerFinding): string {
  const names = [id === '' ? 'a finding without a name' : id, ...aliases.slice(0, 2)];
  return `${names.map((n) => printable(n, 40)).join(' = ')} (${severity})`;
}

function fixWords({ fixedIn }: ScannerFinding): string {
  return fixedIn === '' ? '' : `; fixed in ${quoted(fixedIn, 80)}`;
}

function compare(a: Vulnerability, b: Vulnerability): number {
  const rank = (v: Vulnerability): number => (v.use === 'loaded' ? 0 : uses.indexOf(v.use));
  return (
    rank(a) - rank(b) ||
    vulnerabilitySeverities.indexOf(a.severity) - vulnerabilitySeverities.indexOf(b.severity) ||
    compareText(a.id, b.id) ||
    compareText(a.package.name, b.package.name)
  );
}
