import type { Actor, Root } from './behaviour.ts';

/** Which node of a fingerprint an actor is (docs/decisions/0001): where it entered, who started it, what it is. */
export interface ProgramIdentity {
  readonly root: Root;
  /** Executable of the program that started it; empty for one started from outside. */
  readonly parent: string;
  readonly exe: string;
}

/** The node that acts. */
export function programOf(actor: Actor): ProgramIdentity {
  const { lineage, root } = actor;
  return { root, parent: lineage.at(-2) ?? '', exe: lineage.at(-1) ?? '' };
}

/** The node that started it, or undefined when it was started from outside. */
export function parentOf(actor: Actor): ProgramIdentity | undefined {
  const exe = actor.lineage.at(-2);
  return exe === undefined ? undefined : { root: actor.root, parent: actor.lineage.at(-3) ?? '', exe };
}

/** The node that a program of a set stands for: `parent` was checked by its parser against what `parents` names. */
export function identityOf(p: {
  readonly root: Root;
  readonly parent?: string;
  readonly exe: string;
}): ProgramIdentity {
  return { root: p.root, parent: p.parent ?? '', exe: p.exe };
}

/** One string per node. Executable paths come from the kernel and cannot hold NUL, so the join is unambiguous. */
export function programKey(p: ProgramIdentity): string {
  return `${p.root}\0${p.parent}\0${p.exe}`;
}

/** A node as `observation.inherited` names it. */
export function inheritedName(p: {
  readonly root: Root;
  readonly parent?: string;
  readonly exe: string;
}): string {
  return `${p.root}|${p.parent ?? ''}|${p.exe}`;
}

/** Names what it was started by when that is nobody inside: `#entrypoint`, `#interactive` … */
export function rootParent(root: Root): string {
  return `#${root}`;
}

/** Order of the ids: by code units, because a locale would give another order on another machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The last part of a path, for sentences. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || path;
}
