import type { Steps } from './fingerprint.ts';
import { maxEntries, maxStepName, maxStepsPerEntry } from './limits.ts';
import { readText, refuse } from './object-reader.ts';

/** Programs have ids of their own beside their entries. */
const maxIds = 2 * maxEntries;

/** The name of a test step: one line, so that a sentence can hold it. @throws SCHEMA */
export function readStep(value: unknown, field: string): string {
  const name = readText(value, field, maxStepName);
  if (name.trim() === '') return refuse(field, 'is empty');
  return /\p{Cc}/u.test(name) ? refuse(field, 'must not hold control characters') : name;
}

/** @throws SCHEMA */
export function parseSteps(value: unknown, field: string): Steps {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(field, 'must be an object');
  const members: [string, unknown][] = Object.entries(value);
  if (members.length > maxIds)
    return refuse(field, `has ${members.length} members, at most ${maxIds} are read`);
  return Object.fromEntries(
    members.map(([id, names]) => [readId(id, field), readNames(names, `${field}.${id}`)]),
  );
}

function readId(id: string, field: string): string {
  return /^[0-9a-f]{12}$/.test(id)
    ? id
    : refuse(field, 'must be keyed by ids of entries: 12 lower-case hexadecimal digits');
}

function readNames(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxStepsPerEntry)
    return refuse(field, `must name 1 to ${maxStepsPerEntry} test steps`);
  return value.map((name: unknown, i) => readStep(name, `${field}[${i}]`));
}
