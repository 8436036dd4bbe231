import type { Baseline, Fingerprint } from './fingerprint.ts';
import { maxInstances } from './limits.ts';
import { some } from './lint-rule.ts';
import type { Owner } from './package-owner.ts';
import type { PackageUse, UnknownUse } from './package-use.ts';
import { quoted } from './phrase.ts';
import { baseName } from './program.ts';
import { isSystemPackage, packageWords } from './software-package.ts';

const unknownWords: Readonly<Record<UnknownUse, string>> = {
  'files-not-listed': 'cannot be told, nothing says which files it has',
  'not-watched': 'cannot be told, the baseline did not watch all that runs',
  'events-lost': 'cannot be told, events were lost while it was learned',
  'python-cache': 'cannot be told, Python runs it from compiled files that are not kept by name',
};

/** What was seen of a package, as the end of a sentence. */
export function useWords({ use, why, by, files }: PackageUse, known: Baseline | Fingerprint): string {
  switch (use) {
    case 'executed':
      return `executed (${some(files.map((f) => quoted(f)))})`;
    case 'loaded':
      return `loaded by ${some(by.map((exe) => quoted(baseName(exe))))}`;
    case 'read':
      return `read by ${some(by.map((exe) => quoted(baseName(exe))))}, never executed or loaded in ${extent(known)}`;
    case 'unseen':
      return `never executed or loaded in ${extent(known)}`;
    case 'unknown':
      return unknownWords[why ?? 'files-not-listed'];
  }
}

/** How much was watched: what "never" rests on. */
export function extent({ observation: { instances, events } }: Baseline | Fingerprint): string {
  const copies = instances.length === 1 ? '1 copy' : `${instances.length} copies`;
  const more = instances.length >= maxInstances ? ' or more' : '';
  return `${copies}${more}, ${events} event${events === 1 ? '' : 's'}`;
}

/** Whose a file is, in brackets behind its name. */
export function ownerWords(owner: Owner): string {
  switch (owner.kind) {
    case 'packages':
      return packagesWords(owner);
    case 'listed':
      return 'in the SBOM, which does not say whose it is';
    case 'nobody':
      return 'of no package';
    case 'unknown':
      return 'owner unknown';
  }
}

function packagesWords({ packages }: Extract<Owner, { kind: 'packages' }>): string {
  const [first] = packages;
  if (first === undefined) return '';
  const rest = packages.length - 1;
  if (rest === 0) return packageWords(first);
  // Of several versions of one library the name does not tell which; a Go program holds all its modules.
  return isSystemPackage(first) && packages.every(isSystemPackage)
    ? some(packages.map(packageWords)).replaceAll(', ', ' or ')
    : `${packageWords(first)} and ${rest} more in the same file`;
}
