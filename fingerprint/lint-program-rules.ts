import { starterName } from './diff-names.ts';
import type { Side } from './diff-side.ts';
import { isBareAddress } from './explain-entry.ts';
import type { Entry } from './grants.ts';
import { isPreload, opensJavaDoor, openVectors, type ToolKind, toolKindsOf } from './lint-names.ts';
import { type LintRule, type LintWorld, type Place, placesWhere, programsWhere, some } from './lint-rule.ts';
import { quoted } from './phrase.ts';
import { identityOf } from './program.ts';

/** Programs that an intruder can use for whatever he likes. */
export const programRules: readonly LintRule[] = [
  {
    id: 'interactive',
    severity: 'critical',
    what: 'an interactive session is approved',
    why: 'whoever can enter the container is taken for the workload itself',
    fix: 'remove the programs below the session; approve a single session when it is needed',
    find: (world) =>
      programsWhere(
        world,
        (s) => s.program.root === 'interactive',
        () => 'may be run by whoever enters',
      ),
  },
  {
    id: 'open-shell',
    severity: 'high',
    what: 'a shell or interpreter may run without a script',
    why: 'it runs whatever arrives on its input, so any code is approved with it',
    fix: 'start it with the script it shall run, or remove the argument vector',
    find: (world) =>
      placesWhere(
        world,
        isOpenVector,
        (found) => `takes code from its input: ${some(found.map(vectorWords))}`,
      ),
  },
  {
    id: 'package-manager',
    severity: 'high',
    what: 'a package manager may run',
    why: 'it brings any software into the running container',
    fix: 'install when the image is built, and remove the program',
    find: (world) => tools(world, 'package-manager'),
  },
  {
    id: 'remote-control',
    severity: 'high',
    what: 'a program that steers others, near or far, may run',
    why: 'ssh, netcat, container clients, debuggers and their kin are the way in, on or out',
    fix: 'take it out of the image, or remove the program and start it by hand when it is needed',
    find: (world) => tools(world, 'remote-control'),
  },
  {
    id: 'privilege-tool',
    severity: 'high',
    what: 'a program that changes who somebody is may run',
    why: 'su, sudo, mount and their kin exist to get more rights',
    fix: 'start the workload as the user it needs, and remove the program',
    find: (world) => tools(world, 'privilege-tool'),
  },
  {
    id: 'wide-download',
    severity: 'high',
    what: 'a download tool may reach many peers, or unnamed ones',
    why: 'it fetches the next stage of an attack from wherever that lies',
    fix: 'name the peers it needs, and remove the others',
    find: (world) =>
      programsWhere(
        world,
        isWideDownload,
        (s) => `may fetch from ${peersOf(s).length} peers: ${some(peersOf(s))}`,
      ),
  },
  {
    id: 'java-door',
    severity: 'high',
    what: 'Java listens for a debugger or for management',
    why: 'whoever reaches the port runs code in the process',
    fix: 'start it without jdwp and jmxremote',
    find: (world) =>
      placesWhere(
        world,
        (e) => e.kind === 'arguments' && opensJavaDoor(e.args),
        (found) => some(found.map(vectorWords)),
      ),
  },
  {
    id: 'preload',
    severity: 'high',
    what: 'a loader hook may be set',
    why: 'LD_PRELOAD and its kin put code into every program that starts',
    fix: 'start the workload without it',
    find: (world) => placesWhere(world, (e) => e.kind === 'hook' && isPreload(e.name), hookWords),
  },
  {
    id: 'shell',
    severity: 'medium',
    what: 'a shell may run',
    why: 'one injected line of text makes it any program; it is what an intruder looks for first',
    fix: 'use an image without a shell, or start the program itself',
    find: (world) => tools(world, 'shell'),
  },
  {
    id: 'interpreter',
    severity: 'medium',
    what: 'an interpreter may run code that stands in its arguments',
    why: 'its executable says nothing of what it does; only the exact text does',
    fix: 'put the code into a file of the image',
    find: (world) =>
      placesWhere(
        world,
        (e, s) =>
          toolKindsOf(s.program).has('interpreter') && e.kind === 'arguments' && hasInlineCode(e.args),
        (found) => some(found.map(vectorWords)),
      ),
  },
  {
    id: 'download-tool',
    severity: 'medium',
    what: 'a download tool may run',
    why: 'it fetches the next stage of an attack, and sends out what was found',
    fix: 'let the program itself fetch what it needs',
    find: (world) => tools(world, 'download-tool').filter((place) => !isIn(wideDownloads(world), place)),
  },
  {
    id: 'steerable',
    severity: 'medium',
    what: 'a program that can be made to do more than it is for',
    why: 'redis writes files, databases start programs, virtual machines load classes: by their own protocol, unseen',
    fix: 'protect its port, switch off what it does not need, keep its files narrow',
    find: (world) => tools(world, 'steerable'),
  },
  {
    id: 'hook',
    severity: 'medium',
    what: 'an interpreter hook may be set',
    why: 'NODE_OPTIONS, JAVA_TOOL_OPTIONS and their kin load code before the program starts',
    fix: 'give the options on the command line, where their value is judged',
    find: (world) => placesWhere(world, (e) => e.kind === 'hook' && !isPreload(e.name), hookWords),
  },
];

function tools(world: LintWorld, kind: ToolKind): Place[] {
  return programsWhere(
    world,
    (s) => toolKindsOf(s.program).has(kind),
    (s) => {
      const args = s.program.args.map((vector) => quoted(vector.join(' '), 100));
      const runs = args.length === 0 ? '' : ` as ${some(args)}`;
      return `may be started by ${starterName(identityOf(s.program))}${runs}`;
    },
  );
}

function isOpenVector(entry: Entry, side: Side): boolean {
  return entry.kind === 'arguments' && openVectors(side.program).includes(entry.args);
}

function hasInlineCode(args: readonly string[]): boolean {
  return args.slice(1).some((arg) => /^(?:-[A-Za-z]{0,2}[ceE]|-r|--eval|--print|-[eE].+)$/.test(arg));
}

function vectorWords(entry: Entry): string {
  return entry.kind === 'arguments' ? quoted(entry.args.join(' '), 100) : '';
}

function hookWords(found: readonly Entry[]): string {
  return `may start with ${some(found.map((e) => (e.kind === 'hook' ? quoted(e.name) : '')))} set`;
}

/** More peers than a program that fetches one thing needs. */
const fewPeers = 5;

function isWideDownload(s: Side): boolean {
  if (!toolKindsOf(s.program).has('download-tool')) return false;
  const unnamed = s.program.network.some((n) => n.do === 'connect' && isBareAddress(n.peer));
  return unnamed || peersOf(s).length > fewPeers;
}

function wideDownloads(world: LintWorld): Place[] {
  return programsWhere(world, isWideDownload, () => '');
}

function isIn(places: readonly Place[], place: Place): boolean {
  return places.some((p) => p.entries[0] === place.entries[0]);
}

function peersOf(s: Side): string[] {
  const peers = s.program.network.flatMap((n) =>
    n.do === 'connect' && n.transport !== 'unix' ? [n.peer] : [],
  );
  return [...new Set(peers)].map((peer) => quoted(peer));
}
