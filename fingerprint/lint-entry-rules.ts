import type { Side } from './diff-side.ts';
import { entryWords, isBareAddress, originPlace, pathWords } from './explain-entry.ts';
import type { Entry, EntryOf } from './grants.ts';
import { grantId } from './grants.ts';
import { isInward } from './identity.ts';
import { isGraveCapability, isMetadataPeer, isRuntimeSocket, isVariedName } from './lint-names.ts';
import { type LintRule, type LintWorld, type Place, placesWhere, some } from './lint-rule.ts';
import { codePaths, mayWrite } from './lint-writable.ts';
import { anyLeaf, belowLeaf, isSiblingPattern, splitPath } from './pattern-names.ts';
import { quoted } from './phrase.ts';
import { identityOf } from './program.ts';
import { isSensitivePath, neverLearnable } from './sensitive.ts';

/** More peers than a person reads in a review. */
const manyPeers = 20;

/** Entries that let an intruder go further than the workload does. */
export const entryRules: readonly LintRule[] = [
  {
    id: 'foreign-code',
    severity: 'critical',
    what: 'code from outside the image may run',
    why: 'what was written into the container, a scratch directory or memory is what an attack brings along',
    fix: 'put the file into the image, or on a volume that the workload cannot write',
    find: (world) => placesWhere(world, isForeignCode, (found) => some(found.map(foreignWords))),
  },
  {
    id: 'escape',
    severity: 'critical',
    what: 'a way out of the container is approved',
    why: 'namespaces, mounts, kernel modules, bpf and ptrace are how a container is left',
    fix: 'take the capability from the workload, and remove the entry',
    find: (world) => placesWhere(world, isEscape, (found) => some(found.map(entryWords))),
  },
  {
    id: 'runtime-socket',
    severity: 'critical',
    what: 'the socket of a container runtime may be used',
    why: 'whoever can talk to it is root on the node',
    fix: 'do not mount it into the container',
    find: (world) => placesWhere(world, usesRuntime, (found) => some(found.map(entryWords))),
  },
  {
    id: 'writable-code',
    severity: 'high',
    what: 'a file that runs may be written',
    why: 'code that the workload can change is code that an intruder can change; only its origin still tells',
    fix: 'narrow what may be written, or take the file out of the writable directory',
    find: findWritableCode,
  },
  {
    id: 'sensitive-write',
    severity: 'high',
    what: 'a sensitive file may be written, replaced or linked',
    why: 'accounts, keys, start-up files and switches of the kernel give more rights for good',
    fix: 'remove the entry unless this is what the program is for',
    find: (world) =>
      placesWhere(
        world,
        (e) => isSensitive(e) && !isRead(e),
        (found) => some(found.map(entryWords)),
      ),
  },
  {
    id: 'metadata-service',
    severity: 'high',
    what: 'the metadata service of the cloud may be asked',
    why: 'it hands the credentials of the node to whoever asks from inside',
    fix: 'use credentials of the workload, and close the address to the container',
    find: (world) =>
      placesWhere(
        world,
        (e) => e.kind === 'network' && e.network.do === 'connect' && isMetadataPeer(e.network.peer),
        (found) => some(found.map(entryWords)),
      ),
  },
  {
    id: 'inward',
    severity: 'high',
    what: 'a public name may answer an address inside',
    why: 'whoever answers for that name steers the program to something internal',
    fix: 'use a name of your own for what is inside, or a site parameter',
    find: (world) =>
      placesWhere(
        world,
        (e) => e.kind === 'network' && isInward(e.network),
        (found) => some(found.map(entryWords)),
      ),
  },
  {
    id: 'capability',
    severity: 'high',
    what: 'a capability that is nearly root may be used',
    why: 'with it most of what holds a container can be undone',
    fix: 'drop it in the specification of the workload',
    find: (world) =>
      placesWhere(
        world,
        (e) => e.kind === 'privilege' && e.privilege === 'capability' && isGraveCapability(e.detail),
        (found) => some(found.map(entryWords)),
      ),
  },
  {
    id: 'sensitive-read',
    severity: 'medium',
    what: 'a sensitive file may be read',
    why: 'an intruder reads it in the same way',
    fix: 'keep it if the program is made to use it; give it nothing more than that',
    find: (world) =>
      placesWhere(
        world,
        (e) => isSensitive(e) && isRead(e),
        (found) => some(found.map(entryWords)),
      ),
  },
  {
    id: 'wide-write',
    severity: 'medium',
    what: 'names that nobody has seen may be written',
    why: 'what is dropped or encrypted there does not drift',
    fix: 'keep data directories on volumes of their own, without anything that runs',
    find: (world) =>
      placesWhere(
        world,
        (e) => e.kind === 'file' && !isRead(e) && isWide(e.path),
        (found) => some(found.map(entryWords)),
      ),
  },
  {
    id: 'wide-read',
    severity: 'low',
    what: 'names that nobody has seen may be read',
    why: 'whatever is put there can be collected',
    fix: 'let only those programs read it that serve it',
    find: (world) =>
      placesWhere(
        world,
        (e) => e.kind === 'file' && isRead(e) && isWide(e.path),
        (found) => some(found.map((e) => (e.kind === 'file' ? pathWords(e.path) : ''))),
      ),
  },
  {
    id: 'unnamed-peer',
    severity: 'medium',
    what: 'an address that nothing names may be reached',
    why: 'whose it is tomorrow nobody knows, and it is alerted on at most',
    fix: 'use a name, or let the site bind a parameter',
    find: (world) => placesWhere(world, isUnnamed, (found) => some(found.map(entryWords))),
  },
  {
    id: 'many-peers',
    severity: 'medium',
    what: 'more peers than anybody reviews',
    why: 'among so many, the one that takes data away is not noticed',
    fix: 'remove what is not needed; whorl prune names them by id',
    find: (world) =>
      placesWhere(
        world,
        (e, s) => isPeer(e) && s.program.network.filter((n) => n.do === 'connect').length > manyPeers,
        (found) => `may connect to ${found.length} peers`,
      ),
  },
  {
    id: 'varied-name',
    severity: 'medium',
    what: 'a DNS name of which a part may vary',
    why: 'data leaves in that part, one look-up at a time',
    fix: 'remove it unless the service needs names of that form',
    find: (world) => placesWhere(world, isVaried, (found) => some(found.map(entryWords))),
  },
  {
    id: 'code-on-volume',
    severity: 'medium',
    what: 'code on a volume may run',
    why: 'whoever else mounts the volume decides what it does',
    fix: 'put it into the image, or mount the volume read-only',
    find: (world) =>
      placesWhere(
        world,
        (e) => originOf(e) === 'volume',
        (found) => some(found.map(foreignWords)),
      ),
  },
  {
    id: 'privilege',
    severity: 'medium',
    what: 'a power of the kernel may be used',
    why: 'io_uring, other architectures, memory files and their kin hide what is done',
    fix: 'remove the entry unless the program needs it',
    find: (world) => placesWhere(world, isLesserPrivilege, (found) => some(found.map(entryWords))),
  },
  {
    id: 'origin-unknown',
    severity: 'low',
    what: 'where the bytes of programs come from is not known',
    why: 'another file of the same name on a volume would not drift',
    fix: 'learn with a source that can tell origins',
    find: ({ sides }) => {
      const blind = sides.filter(({ program: p }) => p.args.length > 0 && p.origins.length === 0);
      if (blind.length === 0) return [];
      const names = some(blind.map((s) => quoted(s.program.exe)));
      return [{ sentence: `${blind.length} of ${sides.length} programs: ${names}`, entries: [] }];
    },
  },
];

function originOf(e: Entry): string | undefined {
  if (e.kind === 'origin') return e.origin;
  return e.kind === 'file' && e.act === 'load' ? e.origin : undefined;
}

function isForeignCode(e: Entry): boolean {
  return ['upper', 'scratch', 'memory'].includes(originOf(e) ?? '');
}

function foreignWords(e: Entry): string {
  if (e.kind === 'origin') return `may run from ${originPlace(e.origin)}`;
  return entryWords(e);
}

function isEscape(e: Entry): boolean {
  return e.kind === 'privilege' && neverLearnable({ root: 'entrypoint', lineage: [], ...e });
}

function isLesserPrivilege(e: Entry): boolean {
  if (e.kind !== 'privilege' || isEscape(e)) return false;
  return e.privilege !== 'capability' || !isGraveCapability(e.detail);
}

function usesRuntime(e: Entry): boolean {
  if (e.kind === 'file') return isRuntimeSocket(e.path);
  return e.kind === 'network' && e.network.do === 'connect' && isRuntimeSocket(e.network.peer);
}

function isSensitive(e: Entry): e is EntryOf<'file'> {
  if (e.kind !== 'file' || isRuntimeSocket(e.path)) return false;
  return isSensitivePath(e.path) || (e.to !== undefined && isSensitivePath(e.to));
}

function isRead(e: EntryOf<'file'>): boolean {
  return e.act === 'read' || e.act === 'map' || e.act === 'load';
}

function isWide(path: string): boolean {
  const [, leaf] = splitPath(path);
  return leaf === anyLeaf || leaf === belowLeaf || isSiblingPattern(leaf);
}

function isPeer(e: Entry): boolean {
  return e.kind === 'network' && e.network.do === 'connect' && e.network.transport !== 'unix';
}

function isUnnamed(e: Entry): boolean {
  if (e.kind !== 'network' || e.network.do !== 'connect') return false;
  return isBareAddress(e.network.peer) && !isMetadataPeer(e.network.peer);
}

function isVaried(e: Entry): boolean {
  if (e.kind !== 'network' || e.network.do === 'listen') return false;
  return isVariedName(e.network.do === 'resolve' ? e.network.name : e.network.peer);
}

/** Programs that may change files which run, whichever program runs them. */
function findWritableCode(world: LintWorld): Place[] {
  const code = codePaths(world.sides.map((s) => s.program));
  return world.sides.flatMap((side) => {
    const paths = code.filter((path) => mayWrite(side, path));
    if (paths.length === 0) return [];
    const identity = identityOf(side.program);
    const entries = writersOf(side).map((e) => grantId(identity, e));
    const sentence = `${world.nameOf(identity)} may change ${some(paths.map((p) => quoted(p)))}, which runs`;
    return [{ program: side.program.exe, sentence, entries }];
  });
}

function writersOf(side: Side): Entry[] {
  return [...side.entries.values()].filter(
    (e) => e.kind === 'file' && (e.act === 'write' || e.act === 'create' || e.to !== undefined),
  );
}
