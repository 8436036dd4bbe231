/**
 * Whether a name is one that the pattern means: `*` stands for any signs but a slash. Walked segment by segment without
 * backtracking into an earlier one: names come from the watched world, and a regular expression with several stars takes
 * seconds on a name made for it.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  const [wanted, given] = [pattern.split('/'), name.split('/')];
  return wanted.length === given.length && wanted.every((segment, i) => fits(segment, given[i] ?? ''));
}

/** Whether whatever `narrow` means is meant by `broad` too. Not always told where both have stars: then no. */
export function coversGlob(broad: string, narrow: string): boolean {
  const [wide, slim] = [broad.split('/'), narrow.split('/')];
  if (wide.length !== slim.length) return false;
  return wide.every((segment, i) => {
    const other = slim[i] ?? '';
    return segment === '*' || segment === other || (!other.includes('*') && fits(segment, other));
  });
}

/** Each part between stars at its leftmost place, the last at the end. */
function fits(segment: string, given: string): boolean {
  const parts = segment.split('*');
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return segment === given;
  if (given.length < first.length + last.length || !given.startsWith(first) || !given.endsWith(last))
    return false;
  const end = given.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = given.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
