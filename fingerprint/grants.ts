import { type CoverageWord, coversPrivilege } from './coverage.ts';
import { sha256Hex } from './digest.ts';
import type { BehaviourKind, Origin, Privilege } from './event.ts';
import type { BehaviourSet, FileAct, NetworkEntry, Program } from './fingerprint.ts';
import { argsKey, isInward, networkKey, privilegeKey } from './identity.ts';
import { identityOf, type ProgramIdentity, programKey } from './program.ts';

/**
 * The smallest thing a person can grant, read about or take back: one entry of one program, files by single act. What
 * `diff`, `lint`, `prune` and `inspect --json` name, by an id that is the same in every document.
 */
export type Entry =
  | { readonly kind: 'arguments'; readonly args: readonly string[] }
  | { readonly kind: 'origin'; readonly origin: Origin }
  | { readonly kind: 'hook'; readonly name: string }
  | {
      readonly kind: 'file';
      readonly act: FileAct;
      readonly path: string;
      readonly to?: string;
      /** With `load` alone: for anything else it is evidence, not a limit. */
      readonly origin?: Origin;
    }
  | { readonly kind: 'network'; readonly network: NetworkEntry }
  | { readonly kind: 'privilege'; readonly privilege: Privilege; readonly detail?: string };
export type EntryOf<K extends Entry['kind']> = Extract<Entry, { kind: K }>;

export interface Grant {
  readonly id: string;
  readonly program: ProgramIdentity;
  readonly entry: Entry;
}

/** Twelve hex digits name one of twenty thousand entries with a chance of 10⁻⁶ that any two are called alike. */
const idDigits = 12;

/** The id of a program as a whole. */
export function programId(p: ProgramIdentity): string {
  return shortId([p.root, p.parent, p.exe]);
}

export function grantId(p: ProgramIdentity, entry: Entry): string {
  return shortId([p.root, p.parent, p.exe, ...grantKey(entry).split('\0')]);
}

function shortId(parts: readonly string[]): string {
  // A list of texts has one JSON form, also where a part holds what would separate parts in another form.
  return sha256Hex(new TextEncoder().encode(JSON.stringify(parts))).slice(0, idDigits);
}

/** One string per entry of a program; two entries that grant the same have the same. */
export function grantKey(entry: Entry): string {
  switch (entry.kind) {
    case 'arguments':
      return `arguments\0${argsKey(entry.args)}`;
    case 'origin':
      return `origin\0${entry.origin}`;
    case 'hook':
      return `hook\0${entry.name}`;
    case 'file':
      return `file\0${entry.act}\0${entry.path}\0${entry.to ?? ''}\0${entry.origin ?? ''}`;
    case 'network':
      return `network\0${networkKey(entry.network)}${isInward(entry.network) ? '\0inward' : ''}`;
    case 'privilege':
      return privilegeKey(entry);
  }
}

/** All entries of one program, each once. */
export function entriesOf(p: Program): Entry[] {
  const entries: Entry[] = [
    ...p.args.map((args) => ({ kind: 'arguments', args }) as const),
    ...p.origins.map((origin) => ({ kind: 'origin', origin }) as const),
    ...p.env.map((name) => ({ kind: 'hook', name }) as const),
    ...p.files.flatMap((f) =>
      f.access.map((act): Entry => {
        const to = f.to === undefined ? {} : { to: f.to };
        const origin = f.origin === undefined || act !== 'load' ? {} : { origin: f.origin };
        return { kind: 'file', act, path: f.path, ...to, ...origin };
      }),
    ),
    ...p.network.map((network) => ({ kind: 'network', network }) as const),
    ...p.privileges.map((x) => ({ kind: 'privilege', ...x }) as const),
  ];
  return [...new Map(entries.map((entry) => [grantKey(entry), entry])).values()];
}

export function grantsOf(set: BehaviourSet): Grant[] {
  return set.programs.flatMap((p) => {
    const program = identityOf(p);
    return entriesOf(p).map((entry) => ({ id: grantId(program, entry), program, entry }));
  });
}

/** A program that holds these entries and nothing else, in the context of `of`. */
export function programOfEntries(of: Program, entries: readonly Entry[]): Program {
  const pick = <K extends Entry['kind']>(kind: K): EntryOf<K>[] =>
    entries.filter((e): e is EntryOf<K> => e.kind === kind);
  return {
    ...of,
    args: pick('arguments').map((e) => e.args),
    origins: pick('origin').map((e) => e.origin),
    env: pick('hook').map((e) => e.name),
    files: pick('file').map(({ act, path, to, origin }) => ({
      path,
      access: [act],
      ...(to === undefined ? {} : { to }),
      ...(origin === undefined ? {} : { origin }),
    })),
    network: pick('network').map((e) => e.network),
    privileges: pick('privilege').map(({ privilege, detail }) => ({
      privilege,
      ...(detail === undefined ? {} : { detail }),
    })),
  };
}

/**
 * From which programs two steps up it may run, as executables: `''` where its starter came from outside. Empty for a
 * program that is known as the starter of another alone: it accepts nothing. A program started from outside has one.
 */
function startersOf(p: Program, byId: ReadonlyMap<string, Program>): ReadonlySet<string> {
  if (p.parent === undefined) return new Set(['']);
  return new Set(p.parents.map((id) => byId.get(id)?.parent ?? ''));
}

/** Programs by identity, with the starters each accepts. */
export function programsByKey(
  set: BehaviourSet,
): Map<string, { program: Program; starters: ReadonlySet<string> }> {
  const byId = new Map(set.programs.map((p) => [p.id, p]));
  return new Map(
    set.programs.map((p) => [programKey(identityOf(p)), { program: p, starters: startersOf(p, byId) }]),
  );
}

/** Whether what an entry is about is judged at all. */
export function coversEntry(coverage: ReadonlySet<CoverageWord>, entry: Entry): boolean {
  return entry.kind === 'privilege'
    ? coversPrivilege(coverage, entry.privilege, entry.detail)
    : coverage.has(kindOf(entry));
}

/** The kind of behaviour an entry is about. */
export function kindOf(entry: Entry): BehaviourKind {
  switch (entry.kind) {
    case 'arguments':
    case 'origin':
    case 'hook':
      return 'exec';
    case 'privilege':
      return 'privilege';
    case 'network':
      return entry.network.do;
    case 'file':
      switch (entry.act) {
        case 'load':
        case 'link':
        case 'delete':
        case 'rename':
          return entry.act;
        case 'read':
        case 'write':
        case 'create':
        case 'map':
          return 'open';
      }
  }
}
