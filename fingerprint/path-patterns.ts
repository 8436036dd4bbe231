import {
  anyLeaf,
  belowLeaf,
  hasClass,
  isBareWord,
  isNamedLikePattern,
  isSiblingPattern,
  isWholePath,
  matches,
  signatureOf,
  splitPath,
  tokensOf,
} from './pattern-names.ts';
import { isSensitivePath } from './sensitive.ts';

/** The patterns one program has for one act. All look-ups are by hash: their number does not show in a verdict. */
export class PathPatterns {
  /** Data directories; of a rename both, joined by NUL, which no path holds. */
  readonly #any = new Set<string>();
  readonly #below = new Set<string>();
  /** Directory and signature → the patterns kept there: one when learned, more when written by hand. */
  readonly #siblings = new Map<string, (readonly string[])[]>();

  static isPattern(path: string): boolean {
    const [, leaf] = splitPath(path);
    return leaf === anyLeaf || leaf === belowLeaf || isSiblingPattern(leaf);
  }

  /** @param paths one, or both of a rename */
  add(paths: readonly string[]): void {
    const { directory, leaves } = placeOf(paths);
    if (leaves.every((leaf) => leaf === anyLeaf)) this.#any.add(directory);
    else if (leaves.every((leaf) => leaf === belowLeaf)) this.#below.add(directory);
    else {
      const { key, tokens } = siblingKey(directory, leaves);
      this.#siblings.set(key, [...(this.#siblings.get(key) ?? []), tokens]);
    }
  }

  /** Sensitive files are never accepted by a pattern, whatever it was learned from. */
  accepts(paths: readonly string[]): boolean {
    if (!paths.every(mayBePatterned)) return false;
    const { directory, leaves } = placeOf(paths);
    return (
      this.#any.has(directory) ||
      this.#isSibling(directory, leaves) ||
      (this.#below.size > 0 && this.#isBelow(paths))
    );
  }

  #isSibling(directory: string, leaves: readonly string[]): boolean {
    if (this.#siblings.size === 0) return false;
    const { key, tokens } = siblingKey(directory, leaves);
    return this.#siblings.get(key)?.some((pattern) => matches(pattern, tokens)) === true;
  }

  /** The depth of a path is what bounds this. */
  #isBelow([path = '', to]: readonly string[]): boolean {
    for (const above of directoriesAbove(path)) {
      if (to === undefined ? this.#below.has(above) : this.#arePaired(above, to)) return true;
    }
    return false;
  }

  #arePaired(above: string, to: string): boolean {
    for (const other of directoriesAbove(to)) if (this.#below.has(`${above}\0${other}`)) return true;
    return false;
  }
}

function* directoriesAbove(path: string): Generator<string> {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    yield path.slice(0, end);
}

/** Sensitive files, and names that are not what they seem, are known by name or not at all. */
export function mayBePatterned(path: string): boolean {
  return isWholePath(path) && !isNamedLikePattern(path) && !path.endsWith('/') && !isSensitivePath(path);
}

interface Place {
  readonly directory: string;
  readonly leaves: readonly string[];
}

export function placeOf(paths: readonly string[]): Place {
  const parts = paths.map(splitPath);
  return { directory: parts.map(([d]) => d).join('\0'), leaves: parts.map(([, leaf]) => leaf) };
}

interface Sibling {
  /** What siblings share: directory and signature. */
  readonly key: string;
  readonly tokens: readonly string[];
  readonly signature: readonly string[];
  /** Whether such names may become a class at all. */
  readonly homogeneous: boolean;
}

export function siblingKey(directory: string, leaves: readonly string[]): Sibling {
  const tokens = leaves.map(tokensOf);
  const signatures = tokens.map(signatureOf);
  const signature = asOne(signatures);
  return {
    // No directory ends in a slash, so the key falls apart in one way only.
    key: `${directory}\0/\0${signature.join('')}`,
    tokens: asOne(tokens),
    signature,
    homogeneous: hasClass(signature) && !signatures.some(isBareWord),
  };
}

/** Both names of a rename as one: NUL keeps them apart and is literal in both. */
function asOne(parts: readonly (readonly string[])[]): readonly string[] {
  return parts.flatMap((part, i) => (i === 0 ? part : ['\0', ...part]));
}
