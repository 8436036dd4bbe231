/**
 * How a pattern is written: the last part of a path, and nothing else, may stand for more than one name. In directories,
 * and in what is executed or loaded, these texts mean nothing.
 */

/** Every file below a top directory that the image holds (image-class.ts). */
export const imageLeaf = '{image}';
/** Every name in a data directory. */
export const anyLeaf = '{any}';
/** Everything below a volume parameter, at any depth. */
export const belowLeaf = '**';
/** What differs in the names of a sibling class: letters, digits, or both in one part. */
const classes: readonly [placeholder: string, form: RegExp][] = [
  ['{letters}', /^[A-Za-z]+$/],
  ['{digits}', /^[0-9]+$/],
  ['{alnum}', /^[A-Za-z0-9]+$/],
];
const placeholders: ReadonlySet<string> = new Set(classes.map(([placeholder]) => placeholder));
const separators: ReadonlySet<string> = new Set(['-', '.', '_']);

/** Longer endings are words of the name: `.configuration` says less of a file than `.conf`. */
const maxExtension = 8;

/** Texts that only patterns and parameters may hold, anywhere in a path. */
const reserved = /\{(?:any|image|letters|digits|alnum)\}|(?:^|\/)\*\*(?:\/|$)|^\{(?:site|volume):/;

/** Written by no program in earnest: learned, a file called so would grant what only a pattern grants. */
export function isNamedLikePattern(text: string): boolean {
  return reserved.test(text);
}

/**
 * Whether a path is where it seems to be: with `..` in it, or cut short by its source (`…`), it may be anywhere, so no
 * pattern accepts it.
 */
export function isWholePath(path: string): boolean {
  return !/\/\.\.?(?:\/|$)|…$/.test(path);
}

/** `/srv/a-1.log` → `/srv` and `a-1.log`. */
export function splitPath(path: string): readonly [directory: string, leaf: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, slash), path.slice(slash + 1)];
}

/** A name in its parts: words, separators, placeholders of the generaliser. */
export function tokensOf(leaf: string): readonly string[] {
  return leaf.match(/\{[a-z0-9]+\}|[-._]|[^-._{]+|\{/g) ?? [];
}

/**
 * The class each part belongs to, the extension and whatever is no plain word as they are. Names are siblings when these
 * are equal; of a pattern it is the same as of the names it stands for.
 */
export function signatureOf(tokens: readonly string[]): readonly string[] {
  const last = tokens.length - 1;
  return tokens.map((token, i) => (i === last && isExtension(tokens) ? token : classOf(token)));
}

function isExtension(tokens: readonly string[]): boolean {
  const token = tokens.at(-1) ?? '';
  if (tokens.length < 3 || tokens.at(-2) !== '.' || token.length > maxExtension) return false;
  return /^[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*$/.test(token);
}

function classOf(token: string): string {
  return classes.find(([, form]) => form.test(token))?.[0] ?? token;
}

/**
 * Whether names of this signature have nothing in common but being a word, without extension, number or second part. A
 * class of single words would be a data directory by the back door.
 */
export function isBareWord(signature: readonly string[]): boolean {
  const parts = signature.filter((token) => !separators.has(token));
  return parts.length === 1 && parts[0] === '{letters}';
}

export function hasClass(tokens: readonly string[]): boolean {
  return tokens.some((token) => placeholders.has(token));
}

export function isSiblingPattern(leaf: string): boolean {
  return hasClass(tokensOf(leaf));
}

/** Both names in one: equal parts stay, others become the class they share. Both have this signature. */
export function join(
  a: readonly string[],
  b: readonly string[],
  signature: readonly string[],
): readonly string[] {
  return signature.map((shared, i) => (a[i] === b[i] ? (a[i] ?? shared) : shared));
}

/** Part by part: a name of the same signature must hold what the pattern kept. */
export function matches(pattern: readonly string[], tokens: readonly string[]): boolean {
  return pattern.every((part, i) => placeholders.has(part) || part === tokens[i]);
}
