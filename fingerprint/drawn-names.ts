import type { FileAct } from './fingerprint.ts';
import { hasAnchor } from './generalise-path.ts';
import { isAnchored, isChangeByName } from './name-group.ts';
import { mayBePatterned, PathPatterns } from './path-patterns.ts';
import { splitPath } from './pattern-names.ts';

/** What stands in an entry where a program drew a part of the name. */
const drawnPart = '{rand}';
/** Where the row `mkstemp` puts it, and exactly as much as mkstemp draws: of all such names nine of ten show it. */
const drawnPlace = /(?<=[._-]|^tmp)[A-Za-z0-9]{6}(?![A-Za-z0-9])/g;
/** Each place is looked up, so that a name of nothing but such places would be dear; no program's name has so many. */
const mostPlaces = 8;

/**
 * The entries of one program for one act that name a part mkstemp drew, and what they say of a name whose letters do not
 * show it: six letters and digits, no more and no less, in that very place (docs/format.md, patterns).
 */
export class DrawnNames {
  readonly #names = new Set<string>();
  readonly #classes = new PathPatterns();

  /** Whether an entry speaks for drawn names at all. Code and the targets of links are known by their exact name. */
  static isDrawn(act: FileAct, paths: readonly string[]): boolean {
    if (act === 'load' || act === 'link') return false;
    const places = paths.map(splitPath);
    const drawn = places.map(([, leaf]) => leaf).filter((leaf) => leaf.includes(drawnPart));
    if (drawn.length === 0 || !drawn.every(hasStem)) return false;
    const directories = places.map(([directory]) => directory);
    return directories.every(isAnchored) && !isChangeByName(act, directories);
  }

  /** @param paths one, or both of a rename */
  add(paths: readonly string[]): void {
    if (paths.some(PathPatterns.isPattern)) this.#classes.add(paths);
    else this.#names.add(paths.join('\0'));
  }

  /** @param hasOwn whether a name has entries of its own: these alone say what may be done to it */
  accepts(paths: readonly string[], hasOwn: (path: string) => boolean): boolean {
    const forms = paths.map((path) => (hasOwn(path) ? [path] : [path, ...formsOf(path)]));
    if (forms.every((of) => of.length === 1)) return false;
    return pairs(forms).some((of) => this.#holds(of)) && paths.every(mayBePatterned);
  }

  #holds(form: readonly string[]): boolean {
    return this.#names.has(form.join('\0')) || this.#classes.accepts(form);
  }
}

/** The names an entry may have for a name: with the drawn part in each place where mkstemp may have drawn it. */
function formsOf(path: string): readonly string[] {
  const [directory, leaf] = splitPath(path);
  if (leaf.includes(drawnPart)) return [];
  const places = [...leaf.matchAll(drawnPlace)];
  if (places.length > mostPlaces) return [];
  return places.map(({ 0: drawn, index }) => {
    const general = `${leaf.slice(0, index)}${drawnPart}${leaf.slice(index + drawn.length)}`;
    return `${directory}/${general}`;
  });
}

/** Drawn once, behind something literal: `{rand}` alone, or behind a class, would be about any name of six. */
function hasStem(leaf: string): boolean {
  const [stem = '', ...rest] = leaf.split(drawnPart);
  return rest.length === 1 && hasAnchor(stem);
}

function pairs([first = [], second]: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return second === undefined ? first.map((a) => [a]) : first.flatMap((a) => second.map((b) => [a, b]));
}
