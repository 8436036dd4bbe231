/**
 * Whether a path is where it seems to be: with `..` in it, or cut short by its source (`…`), it may be anywhere, so no
 * pattern accepts it.
 */
export function isWholePath(path: string): boolean {
  return !/\/\.\.?(?:\/|$)|…$/.test(path);
}
