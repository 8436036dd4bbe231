import { entryWords, isBareAddress } from './explain-entry.ts';
import type { Entry } from './grants.ts';
import { isInward } from './identity.ts';
import { isGraveCapability, isMetadataPeer, isRuntimeSocket, isVariedName } from './lint-names.ts';
import { type LintRule, placesWhere, some } from './lint-rule.ts';
import { neverLearnable } from './sensitive.ts';

/** More peers than a person reads in a review. */
const manyPeers = 20;

/** Peers and powers of the kernel that let an intruder go further than the workload does. */
export const entryRules: readonly LintRule[] = [
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
    id: 'privilege',
    severity: 'medium',
    what: 'a power of the kernel may be used',
    why: 'io_uring, other architectures, memory files and their kin hide what is done',
    fix: 'remove the entry unless the program needs it',
    find: (world) => placesWhere(world, isLesserPrivilege, (found) => some(found.map(entryWords))),
  },
];

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
