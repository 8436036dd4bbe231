import type { Side } from './diff-side.ts';
import type { Entry, EntryOf } from './grants.ts';
import { isSystemPath } from './image-path.ts';
import {
  type LintRule,
  type LintWorld,
  type Place,
  placesWhere,
  programsWhere,
  said,
  some,
} from './lint-rule.ts';
import { isOfImage } from './package-use.ts';
import { quoted } from './phrase.ts';

/** What runs and belongs to no package of the SBOM (`--sbom`). Without one these rules say nothing. */
export const packageRules: readonly LintRule[] = [
  {
    id: 'unowned-program',
    severity: 'high',
    what: 'a program in a directory of the system belongs to no package of the SBOM',
    why: 'nobody delivers it, watches it for vulnerabilities or updates it; what an intruder put into the image looks like this',
    fix: 'install it from a package, or find out where it comes from and allow the entry',
    find: (world) =>
      programsWhere(
        world,
        (s) => isUnownedProgram(world, s) && isSystemCode(s.program.exe),
        () => 'belongs to no package',
      ),
  },
  {
    id: 'unowned-library',
    severity: 'high',
    what: 'a library in a directory of the system belongs to no package of the SBOM',
    why: 'it runs inside programs that somebody does answer for, and nobody answers for it',
    fix: 'install it from a package, or find out where it comes from and allow the entry',
    find: (world) => placesWhere(world, (e) => isUnownedCode(world, e) && isSystemCode(e.path), codeWords),
  },
  {
    id: 'unowned-application',
    severity: 'low',
    what: 'a program, script or library outside the directories of the system belongs to no package of the SBOM',
    why: 'often it is the application itself, which an SBOM made of the finished image misses; then scanners miss it as well',
    fix: 'let the SBOM name it (a package manifest, jar or build information in the image), or allow the rule or the entries',
    find: (world) => [
      ...programsWhere(
        world,
        (s) => isUnownedProgram(world, s) && !isSystemCode(s.program.exe),
        () => 'belongs to no package',
      ),
      ...placesWhere(world, (e) => isUnownedCode(world, e) && !isSystemCode(e.path), codeWords),
    ],
  },
  {
    id: 'owner-unknown',
    severity: 'low',
    what: 'the SBOM does not say which package a file belongs to',
    why: 'what no package owns cannot be told from what the SBOM leaves out',
    fix: 'make it with file information: syft IMAGE -o spdx-json lists the files of each package',
    find: findUnknownOwners,
  },
];

/** A library, or a program without an ending: scripts are the application's more often than an intruder's. */
function isSystemCode(path: string): boolean {
  return isSystemPath(path) && !/\.(?:sh|bash|py|pyc|pl|pm|rb|[cm]?js|php|lua|jar|class|tcl)$/.test(path);
}

function isUnownedProgram({ owners }: LintWorld, { program }: Side): boolean {
  // What does not come from the image is for the rules foreign-code and code-on-volume.
  return isOfImage(program.origins) && owners?.of(program.exe).kind === 'nobody';
}

function isUnownedCode({ owners }: LintWorld, e: Entry): e is EntryOf<'file'> {
  if (e.kind !== 'file' || e.act !== 'load') return false;
  return isOfImage(e.origin === undefined ? [] : [e.origin]) && owners?.of(e.path).kind === 'nobody';
}

function codeWords(found: readonly Entry[]): string {
  const paths = found.flatMap((e) => (e.kind === 'file' ? [quoted(e.path)] : []));
  return `loads ${some(paths)}, of no package`;
}

function findUnknownOwners({ owners }: LintWorld): Place[] {
  switch (owners?.files) {
    case undefined:
    case 'by-package':
      return [];
    case 'listed':
      return [said('it lists files without saying whose they are, so no package is named')];
    case 'none':
      return [said('it does not list the files of the packages of the system')];
  }
}
