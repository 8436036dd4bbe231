/**
 * Dialects of Tracee's wire, by the first release that speaks each. They share one name (v1beta1) and differ in numbers:
 * of values above 15, and of events, which is why events are told by name alone.
 */
export const traceeDialects = ['v0.20', 'v0.21', 'v0.22.5', 'main'] as const;
export type TraceeDialect = (typeof traceeDialects)[number];

export const newestDialect: TraceeDialect = 'main';

/** The last release whose wire is known; what calls itself later is taken for what comes next. */
const lastRelease = [0, 24, 1] as const;
const firstReleases: readonly (readonly [TraceeDialect, readonly number[]])[] = [
  ['v0.22.5', [0, 22, 5]],
  ['v0.21', [0, 21, 0]],
  ['v0.20', [0, 20, 0]],
];

/**
 * @param version what Tracee answers to GetVersion: `v0.24.1`, `v0.24.1-345-g7c9ec97` of a build in between, or anything else
 * @returns undefined for releases before v0.20: they number values otherwise and cannot be read
 */
export function traceeDialectOf(version: string): TraceeDialect | undefined {
  const found = /^v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})(-\d+-g[0-9a-f]+)?/.exec(version);
  if (found === null) return newestDialect;
  const release = found.slice(1, 4).map(Number);
  const isLater = compare(release, lastRelease);
  // A build after the last release speaks what no release does yet; one between two releases, what the next will.
  if (isLater > 0 || (isLater === 0 && found[4] !== undefined)) return newestDialect;
  return firstReleases.find(([, first]) => compare(release, first) >= 0)?.[0];
}

/** Whether it is a release whose wire is known. */
export function isKnownRelease(version: string): boolean {
  const found = /^v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(version);
  return found !== null && compare(found.slice(1).map(Number), lastRelease) <= 0;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
  return 0;
}
