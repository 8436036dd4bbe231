/** Whether a text is a pattern: only three forms exist, so that nobody is surprised by what one matches. */
export function isImagePattern(pattern: unknown): pattern is string {
  if (typeof pattern !== 'string' || pattern === '') return false;
  return /^[!-)+-?A-~]*$/.test(pattern.replace(/(^|\/)\*\*$/, ''));
}

/** @param pattern exact name, prefix ending in `/**`, or `**`; no other wildcard exists */
export function matchesImage(pattern: string, name: string): boolean {
  if (pattern === '**') return true;
  return pattern.endsWith('/**') ? name.startsWith(pattern.slice(0, -2)) : pattern === name;
}

/** Whether whatever `narrow` matches is matched by `broad` too. */
export function coversPattern(broad: string, narrow: string): boolean {
  if (broad === '**' || broad === narrow) return true;
  if (!narrow.endsWith('**')) return matchesImage(broad, narrow);
  return broad.endsWith('/**') && narrow.startsWith(broad.slice(0, -2));
}
