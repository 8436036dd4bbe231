import type { FileAct } from './fingerprint.ts';
import { readActs } from './generalise-forms.ts';
import { codeDirectory, hasAnchor } from './generalise-path.ts';
import { mayBePatterned, placeOf, siblingKey } from './path-patterns.ts';
import {
  anyLeaf,
  belowLeaf,
  imageLeaf,
  isSiblingPattern,
  isWholePath,
  join,
  matches,
} from './pattern-names.ts';

/**
 * So many names before a directory is one of data, or siblings are a class: at twenty, a name seen by chance is one of
 * at least twenty, and a list is no longer read by a person. One number for both, or which pattern comes out would
 * depend on the order in which names came.
 */
export const many = 20;

/** A file, or the two of a rename, as a name in its directory. */
export interface NamedFile {
  readonly form: 'name' | 'siblings' | 'any';
  /** Both joined by NUL for a rename. */
  readonly directory: string;
  readonly directories: readonly string[];
  readonly leaves: readonly string[];
}

/** Undefined for what is known by its exact name alone, or is a pattern of another kind. */
export function namedFile(path: string, to?: string): NamedFile | undefined {
  const paths = to === undefined ? [path] : [path, to];
  const { directory, leaves } = placeOf(paths);
  const directories = directory.split('\0');
  if (leaves.some((leaf) => leaf === imageLeaf || leaf === belowLeaf) || !directories.every(isAnchored))
    return undefined;
  const place = { directory, directories, leaves };
  if (leaves.every((leaf) => leaf === anyLeaf)) return { form: 'any', ...place };
  if (leaves.some(isSiblingPattern)) return { form: 'siblings', ...place };
  return paths.every(mayBePatterned) ? { form: 'name', ...place } : undefined;
}

/** The first directory is literal: a pattern is about one place, not about any. */
export function isAnchored(directory: string): boolean {
  const first = /^\/([^/]+)/.exec(directory)?.[1];
  return first !== undefined && !first.includes('{') && hasAnchor(first) && isWholePath(directory);
}

/** Where code and configuration lie, what is changed is known by name: a class there would be a place to hide in. */
export function isChangeByName(act: FileAct, directories: readonly string[]): boolean {
  const mayHide = (directory: string): boolean =>
    codeDirectory.test(`${directory}/`) || /^\/etc(?:\/|$)/.test(directory);
  return !readActs.has(act) && directories.some(mayHide);
}

export interface Patterned {
  readonly path: string;
  readonly to?: string;
}

/** Names of one signature. */
interface Kin {
  readonly signature: readonly string[];
  readonly homogeneous: boolean;
  readonly names: Set<string>;
  isPattern: boolean;
  /** What all of them share. */
  tokens: readonly string[];
}

/** What one program does in one way to the names in one directory. */
export class NameGroup {
  readonly act: FileAct;
  readonly directories: readonly string[];
  readonly #directory: string;
  readonly #names = new Set<string>();
  /** Seen on a volume. They join no sibling class: as many of them as one takes make it a data directory. */
  readonly #onVolume = new Set<string>();
  readonly #kin = new Map<string, Kin>();
  hasAny = false;

  constructor(act: FileAct, directories: readonly string[]) {
    this.act = act;
    this.directories = directories;
    this.#directory = directories.join('\0');
  }

  add(file: NamedFile, onVolume: boolean): void {
    if (file.form === 'any') this.hasAny = true;
    else if (file.form === 'name') this.#names.add(file.leaves.join('\0'));
    if (file.form === 'name' && onVolume) this.#onVolume.add(file.leaves.join('\0'));
    else if (file.form !== 'any') this.#addKin(file);
  }

  #addKin(file: NamedFile): void {
    const { key, tokens, signature, homogeneous } = siblingKey(this.#directory, file.leaves);
    const kin = this.#kin.get(key) ?? { signature, homogeneous, names: new Set(), isPattern: false, tokens };
    kin.tokens = join(kin.tokens, tokens, signature);
    if (file.form === 'siblings') kin.isPattern = true;
    else kin.names.add(file.leaves.join('\0'));
    this.#kin.set(key, kin);
  }

  get isMany(): boolean {
    return this.#names.size >= many || [...this.#kin.values()].some((kin) => kin.isPattern);
  }

  get isManyOnVolume(): boolean {
    return this.#onVolume.size >= many;
  }

  /** The class that takes a name over. */
  pattern(file: NamedFile): readonly string[] | undefined {
    const { key, tokens } = siblingKey(this.#directory, file.leaves);
    const kin = this.#kin.get(key);
    return kin !== undefined && this.#isClass(kin) && matches(kin.tokens, tokens) ? kin.tokens : undefined;
  }

  patterns(): readonly Patterned[] {
    return [...this.#kin.values()].filter((kin) => this.#isClass(kin)).map((kin) => this.#render(kin));
  }

  #isClass({ isPattern, homogeneous, names }: Kin): boolean {
    return isPattern || (homogeneous && names.size >= many && !isChangeByName(this.act, this.directories));
  }

  #render({ tokens }: Kin): Patterned {
    const [leaf = '', other] = tokens.join('').split('\0');
    const [directory = '', otherDirectory] = this.directories;
    const path = `${directory}/${leaf}`;
    return other === undefined ? { path } : { path, to: `${otherDirectory}/${other}` };
  }
}
