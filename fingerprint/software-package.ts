import { quoted } from './phrase.ts';
import { parsePurl, plainVersion, purlKey } from './purl.ts';

/** One package of an image, as an SBOM or a scanner names it. */
export interface SoftwarePackage {
  readonly name: string;
  /** '' when not told. */
  readonly version: string;
  /** As in its purl: `deb`, `apk`, `rpm`, `npm`, `pypi`, `golang` …; '' when nothing tells. */
  readonly type: string;
  readonly purl?: string;
}

/** A package with what is known of its files. */
export interface PackageFiles extends SoftwarePackage {
  /** Absolute paths in the image. */
  readonly files: readonly string[];
  /** Whatever lies below is its own, unless a deeper directory belongs to another. */
  readonly directories: readonly string[];
  /** Whether these are all its files: only then may it be said that none of them ran. */
  readonly complete: boolean;
}

/** Types whose files a package manager of the system keeps a list of. */
const systemTypes: ReadonlySet<string> = new Set(['deb', 'apk', 'rpm', 'alpm', 'ebuild', 'opkg', 'nix']);

export function isSystemPackage(p: SoftwarePackage): boolean {
  return systemTypes.has(p.type);
}

/** What tools call the kinds of packages, in the words of purl. */
const typeWords: ReadonlyMap<string, string> = new Map([
  // Trivy's results, by distribution and by what was parsed
  ...['debian', 'ubuntu', 'dpkg'].map((t) => [t, 'deb'] as const),
  ...['alpine', 'wolfi', 'chainguard'].map((t) => [t, 'apk'] as const),
  ...[
    'redhat',
    'centos',
    'rocky',
    'alma',
    'fedora',
    'amazon',
    'oracle',
    'photon',
    'cbl-mariner',
    'azurelinux',
    'opensuse',
    'opensuse-leap',
    'opensuse-tumbleweed',
    'suse linux enterprise server',
  ].map((t) => [t, 'rpm'] as const),
  ...['jar', 'pom', 'gradle', 'java-archive', 'java', 'jenkins-plugin'].map((t) => [t, 'maven'] as const),
  ...['node-pkg', 'yarn', 'pnpm', 'javascript'].map((t) => [t, 'npm'] as const),
  ...['python-pkg', 'python', 'pip', 'pipenv', 'poetry', 'uv'].map((t) => [t, 'pypi'] as const),
  ...['gobinary', 'gomod', 'go-module', 'go'].map((t) => [t, 'golang'] as const),
  ...['gemspec', 'bundler', 'ruby'].map((t) => [t, 'gem'] as const),
  ...['rustbinary', 'rust-crate', 'rust'].map((t) => [t, 'cargo'] as const),
  ...['dotnet-core', 'dotnet', 'nuget'].map((t) => [t, 'nuget'] as const),
  ...['binary', 'bitnami'].map((t) => [t, 'generic'] as const),
]);

/** @param toolType what the tool calls it, where it gives no purl */
export function packageType(purl: string, toolType: string): string {
  const word = toolType.toLowerCase();
  return parsePurl(purl)?.type ?? typeWords.get(word) ?? word;
}

/** Under which keys a package may be found, best first: its purl, then name, version and type. */
export function packageKeys(p: SoftwarePackage): readonly string[] {
  const byPurl = p.purl === undefined ? undefined : purlKey(p.purl);
  const name = p.name.toLowerCase();
  const version = plainVersion(p.type, p.version);
  return [
    ...(byPurl === undefined ? [] : [`purl\0${byPurl}`]),
    ...(p.type === '' ? [] : [`named\0${name}\0${version}\0${p.type}`]),
  ];
}

/** A package in a sentence: `libssl3` 3.0.11-1 (deb). */
export function packageWords({ name, version, type }: SoftwarePackage): string {
  const about = [quoted(name, 80), ...(version === '' ? [] : [quoted(version, 60)])];
  return `${about.join(' ')}${type === '' ? '' : ` (${type})`}`;
}

/** Image digests in whatever texts a tool writes them: versions, purls, references; each once. */
export function imageDigests(texts: readonly string[]): readonly string[] {
  const hex = texts.flatMap((t) => /sha256(?::|%3A)([0-9a-f]{64})/i.exec(t)?.[1] ?? []);
  return [...new Set(hex.map((h) => `sha256:${h.toLowerCase()}`))];
}
