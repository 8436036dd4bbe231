import type { Baseline } from './fingerprint.ts';
import { shownSubject } from './image-ref.ts';

/**
 * A baseline as a file that people review in a diff: one entry per line, so that what was added or taken away is a line
 * added or taken away. The same baseline gives the same bytes. A digest that is not known yet is left out.
 */
export function baselineText(baseline: Baseline): string {
  return reviewedJson({ ...baseline, subject: shownSubject(baseline.subject) });
}

/** Any JSON in that form. */
export function reviewedJson(value: unknown): string {
  return `${render(value, '', 'member')}\n`;
}

/** A short list of words stands in one line; a longer one changes by a word per line. */
const longestLine = 100;

/** What cannot be seen, or turns the reading direction, would let a line look like another one. */
const invisible = /(?![\n\t ])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}]/gu;

function render(value: unknown, indent: string, place: 'member' | 'item'): string {
  if (typeof value !== 'object' || value === null) return leaf(value);
  const line = leaf(value);
  const depth = depthOf(value);
  if (depth === 0 || (place === 'item' && depth <= 2)) return line;
  if (depth === 1 && line.length <= longestLine) return line;
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((item: unknown) => `${inner}${render(item, inner, 'item')}`)
    : membersOf(value).map(([name, member]) => `${inner}${leaf(name)}: ${render(member, inner, 'member')}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}

function leaf(value: unknown): string {
  return spaced(value).replace(invisible, (sign) => {
    const units = Array.from({ length: sign.length }, (_, i) =>
      sign.charCodeAt(i).toString(16).padStart(4, '0'),
    );
    return units.map((unit) => `\\u${unit}`).join('');
  });
}

/** In one line, with a blank where a reader wants one. */
function spaced(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  const members = membersOf(value).map(([name, member]) => `${JSON.stringify(name)}: ${spaced(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function membersOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, member]) => member !== undefined);
}

/** How many levels of lists and objects lie below. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const below: unknown[] = Object.values(value);
  return below.length === 0 ? 0 : 1 + Math.max(...below.map(depthOf));
}
