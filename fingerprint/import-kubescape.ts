import type { Root } from './behaviour.ts';
import { FingerprintError } from './errors.ts';
import type { Access, BehaviourKind } from './event.ts';
import type { BehaviourSet, Program } from './fingerprint.ts';
import { ImportDraft, type Imported } from './import-draft.ts';
import { addNetwork } from './import-kubescape-network.ts';
import type { KubescapeContainer } from './import-kubescape-reader.ts';
import { translatePath } from './import-path.ts';
import { maxEntries } from './limits.ts';
import { rootParent } from './program.ts';
import type { Subject } from './workload.ts';

export { type KubescapeContainer, readKubescape } from './import-kubescape-reader.ts';

/** One segment or argument, or a part of one; twice for any number of arguments. */
const oneMark = '⋯';
/** Any number of segments or arguments. */
const manyMark = '*';

/** Stands for whoever it was, until the acts are given to every program: no path is called so. */
const somebody = { root: 'entrypoint', lineage: ['*'] } as const;

/**
 * The container as a baseline. The profile holds lists side by side: what was executed, what was opened, what was reached.
 * Who did it is not in it, so each program may do all of it, and start each other.
 *
 * @param madeAt for a document that does not say when it was made.
 * @throws FingerprintError TOO_LARGE when that is more than a fingerprint can hold
 */
export function convertKubescape(container: KubescapeContainer, subject: Subject, madeAt: string): Imported {
  const draft = new ImportDraft();
  addExecs(draft, container);
  for (const { path, flags } of container.opens) addOpen(draft, path, flags);
  for (const detail of container.capabilities)
    draft.add({ ...somebody, kind: 'privilege', privilege: 'capability', detail });
  addNetwork(container, {
    add: (act) => draft.add({ ...somebody, ...act }),
    leaveOut: (what, why) => draft.leaveOut(what, why),
  });
  return draft.finish({
    subject,
    coverage: coverageOf(container),
    madeAt: container.madeAt ?? madeAt,
    source: 'import kubescape',
    notes: [
      'each program may start each other and do all that is listed, since the format does not tell who did what',
      ...(container.capabilities.length === 0
        ? []
        : ['capabilities are kept, but not judged: of the other privileges the format says nothing']),
    ],
    shape: givenToEach,
  });
}

/** What stands in the profile as a list was watched; what is absent was not. Listeners and names are never in it. */
function coverageOf(container: KubescapeContainer): readonly BehaviourKind[] {
  const kinds: BehaviourKind[] = ['exec'];
  if (container.hasOpens) kinds.push('open');
  if (container.hasEgress) kinds.push('connect');
  return kinds;
}

function isMarked(text: string): boolean {
  return text.includes(oneMark) || text.includes(manyMark);
}

function addExecs(draft: ImportDraft, { execs }: KubescapeContainer): void {
  for (const { path, args } of execs) {
    const vector = args.length === 0 ? [path] : args;
    if (!path.startsWith('/')) draft.leaveOut(path, 'incomplete');
    else if (isMarked(path)) draft.leaveOut(path, 'not-expressible');
    else if (vector.some((arg) => arg.includes(oneMark) || arg === manyMark))
      draft.leaveOut(vector.join(' '), 'argument-pattern');
    else draft.add({ root: 'entrypoint', lineage: [path], kind: 'exec', args: vector });
  }
}

function addOpen(draft: ImportDraft, path: string, flags: readonly string[]): void {
  const translated = translatePath(path, { one: oneMark, many: manyMark });
  if ('leftOut' in translated) {
    draft.leaveOut(path, translated.leftOut);
    return;
  }
  if (translated.isDated) draft.dated();
  for (const access of accessesOf(flags)) {
    const inImage = access === 'read' && imageDirectory.test(translated.path);
    const open = { ...somebody, kind: 'open', path: translated.path, access } as const;
    // Given to each program, the libraries alone would fill the baseline: reads of the image are judged by class.
    const behaviour = inImage ? { ...open, origin: 'image' as const } : open;
    if (translated.isPattern) draft.addPattern(behaviour);
    else draft.add(behaviour);
  }
}

const imageDirectory = /^\/(?:usr|bin|sbin|lib|lib32|lib64|libx32|boot)\//;

/** The flags of all openings of one file in one list. A list without a mode is one that read. */
function accessesOf(flags: readonly string[]): ReadonlySet<Access> {
  const has = (...names: readonly string[]): boolean => names.some((name) => flags.includes(name));
  const accesses = new Set<Access>();
  if (has('O_RDONLY', 'O_RDWR') || !has('O_WRONLY')) accesses.add('read');
  if (has('O_WRONLY', 'O_RDWR', 'O_TRUNC', 'O_APPEND')) accesses.add('write');
  if (has('O_CREAT')) accesses.add('create');
  return accesses;
}

interface Plan {
  readonly places: readonly { readonly root: Root; readonly below: boolean }[];
  readonly note?: string;
}

/** Probes are among what was executed, and so is what they start; the poorer plans are for large profiles. */
const plans: readonly Plan[] = [
  {
    places: [
      { root: 'entrypoint', below: true },
      { root: 'probe', below: true },
    ],
  },
  {
    places: [
      { root: 'entrypoint', below: true },
      { root: 'probe', below: false },
    ],
    note: 'the profile is large: what a probe starts in its turn is left out',
  },
  {
    places: [{ root: 'entrypoint', below: true }],
    note: 'the profile is large: probes are left out',
  },
];

/** Every program from outside and below every other, with all that somebody did. */
function givenToEach(set: BehaviourSet): { readonly set: BehaviourSet; readonly note?: string } {
  const acts = set.programs.find(({ exe }) => exe === somebody.lineage[0]);
  const programs = set.programs.filter((p) => p !== acts);
  if (programs.length === 0)
    throw new FingerprintError('SCHEMA', 'executes nothing by name, so there is nobody to grant the rest to');
  const each = 1 + (acts?.files.length ?? 0) + (acts?.network.length ?? 0) + (acts?.privileges.length ?? 0);
  const plan = plans.find((p) => sizeOf(p, programs, each) <= maxEntries) ?? plans.at(-1);
  const { places, note } = plan ?? { places: [] };
  return {
    set: { programs: places.flatMap(({ root, below }) => planted(root, below, programs, acts)) },
    ...(note === undefined ? {} : { note }),
  };
}

function sizeOf({ places }: Plan, programs: readonly Program[], each: number): number {
  const vectors = programs.reduce((n, p) => n + p.args.length, 0);
  const times = (below: boolean): number => (below ? programs.length + 1 : 1);
  return places.reduce((n, { below }) => n + times(below) * (programs.length * each + vectors), 0);
}

function planted(
  root: Root,
  below: boolean,
  programs: readonly Program[],
  acts: Program | undefined,
): readonly Program[] {
  const idOf = (exe: number, parent: number | undefined): string =>
    `p${(root === 'probe' ? 500_000 : 0) + (parent === undefined ? 0 : parent + 1) * programs.length + exe}`;
  const granted =
    acts === undefined ? {} : { files: acts.files, network: acts.network, privileges: acts.privileges };
  const parents = programs.map((p, i) => ({ exe: p.exe, i }));
  return programs.flatMap((program, i) => [
    { ...program, ...granted, root, id: idOf(i, undefined), parents: [rootParent(root)] },
    ...(below ? parents : []).map((parent) => ({
      ...program,
      ...granted,
      root,
      id: idOf(i, parent.i),
      parent: parent.exe,
      parents: [idOf(parent.i, undefined), ...parents.map((starter) => idOf(parent.i, starter.i))],
    })),
  ]);
}
