import { printable } from '../../fingerprint/printable.ts';
import { closestWord } from './closest-word.ts';

/** More complaints than this help nobody; what did not fit is counted. */
const maxProblems = 50;

/** Beyond it the document is something else altogether, and naming what was meant by each is work for nothing. */
const maxUnknown = 50;

/** Gathers everything that is wrong with a document of a person, so that it is mended in one go. */
export class Problems {
  readonly #found: string[] = [];
  #more = 0;

  /** @param path of the member, such as `rules[2].match.kinds[0]`; empty for the document itself */
  add(path: string, what: string): undefined {
    if (this.#found.length < maxProblems)
      this.#found.push(path === '' ? `the policy ${what}` : `${path} ${what}`);
    else this.#more += 1;
    return undefined;
  }

  get all(): readonly string[] {
    return this.#more === 0 ? this.#found : [...this.#found, `and ${this.#more} more`];
  }
}

/** Reads the value of one member. @returns undefined when something was wrong, which is kept in the problems */
type Read<T> = (value: unknown, path: string) => T | undefined;

/**
 * The members of one object of an untrusted document, each by name. What nobody knows is refused: it may be meant to
 * narrow what is allowed, so leaving it out could widen.
 */
export class Members {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #problems: Problems;

  constructor(value: unknown, path: string, known: readonly string[], problems: Problems) {
    this.#path = path;
    this.#problems = problems;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) problems.add(path, `must be an object with ${known.join(', ')}`);
    this.#object = isObject ? { ...value } : {};
    const unknown = Object.keys(this.#object).filter((name) => !known.includes(name));
    if (unknown.length > maxUnknown) {
      problems.add(
        path,
        `has ${unknown.length} members that are not known here; known are ${known.join(', ')}`,
      );
      return;
    }
    for (const name of unknown) {
      const meant = closestWord(name, known);
      const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
      problems.add(this.at(printable(name, 64)), `is not known here; ${hint}`);
    }
  }

  at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  /** Undefined where it is absent, too. */
  read<T>(name: string, read: Read<T>): T | undefined {
    return this.has(name) ? read(this.#object[name], this.at(name)) : undefined;
  }

  required<T>(name: string, read: Read<T>): T | undefined {
    if (this.has(name)) return read(this.#object[name], this.at(name));
    return this.#problems.add(this.at(name), 'is missing');
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }
}

export function oneOf<T extends string>(words: readonly T[], problems: Problems): Read<T> {
  return (value, path) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    const meant = typeof value === 'string' ? closestWord(value, words) : undefined;
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    return problems.add(path, `is ${shown(value)}; it may be ${words.join(', ')}${hint}`);
  };
}

export function flag(problems: Problems): Read<boolean> {
  return (value, path) =>
    typeof value === 'boolean' ? value : problems.add(path, `is ${shown(value)}; it may be true or false`);
}

export function number(
  [min, max]: readonly [number, number],
  isWhole: boolean,
  problems: Problems,
): Read<number> {
  return (value, path) => {
    const isGood = typeof value === 'number' && value >= min && value <= max;
    if (isGood && (!isWhole || Number.isInteger(value))) return value;
    const what = isWhole ? 'a whole number' : 'a number';
    return problems.add(path, `is ${shown(value)}; it may be ${what} from ${min} to ${max}`);
  };
}

/** Every item is read, so that all problems are told; the list counts only when all are good. */
export function list<T>(read: Read<T>, most: number, problems: Problems): Read<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return problems.add(path, `is ${shown(value)}; it may be a list`);
    if (value.length > most) return problems.add(path, `has ${value.length} items, at most ${most} are read`);
    const items = value.map((item: unknown, i) => read(item, `${path}[${i}]`));
    const good = items.filter((item) => item !== undefined);
    return good.length === items.length ? good : undefined;
  };
}

/** Cut and made safe: it comes from a file that may be hostile, and goes to a terminal. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${printable(value, 64)}"`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}
