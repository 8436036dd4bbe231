import { refuse } from './object-reader.ts';
import { printable } from './printable.ts';

/**
 * Members of documents that other people's tools write. Unlike a baseline, where an unknown member is refused, all that
 * is not asked for is passed over, and a text of another type counts as absent: nothing is granted by what is read here.
 */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

/** Longer than any name, version, purl or path that means something. */
const maxText = 4096;

/** The text, or '' where there is none. */
export function textMember(value: unknown, name: string): string {
  const text = member(value, name);
  return typeof text === 'string' && text.length <= maxText && !text.includes('\0') ? text : '';
}

/** What the document is about must be a list where it is given; absent is empty. */
export function listMember(value: unknown, name: string, field = name): readonly unknown[] {
  const list = member(value, name);
  if (list === undefined || list === null) return [];
  return Array.isArray(list) ? list : refuse(printable(field, 120), 'must be a list');
}

/** A list of texts; whatever else stands in it is passed over. */
export function textsMember(value: unknown, name: string): readonly string[] {
  const list = member(value, name);
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}
