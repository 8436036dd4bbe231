import { printable } from '../../fingerprint/printable.ts';

const maxText = 4096;

/**
 * The members of one entry of a configuration list. What is wrong is written down with its path and reading goes on, so
 * that a person hears of everything at once.
 */
export class SinkSettings {
  readonly path: string;
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #problems: string[];
  /** What was asked for, there or not. */
  readonly #read = new Set<string>();

  constructor(members: Readonly<Record<string, unknown>>, path: string, problems: string[]) {
    this.#members = members;
    this.path = path;
    this.#problems = problems;
  }

  /** The text, or '' after a problem was noted. */
  text(name: string, what: string): string {
    const value = this.raw(name);
    const isGood =
      typeof value === 'string' && value !== '' && value.length <= maxText && !/\p{Cc}/u.test(value);
    if (isGood) return value;
    this.problem(name, `must be ${what}`);
    return '';
  }

  optionalText(name: string, what: string): string | undefined {
    return this.has(name) ? this.text(name, what) : undefined;
  }

  flag(name: string, initial: boolean): boolean {
    const value = this.has(name) ? this.raw(name) : initial;
    if (typeof value === 'boolean') return value;
    this.problem(name, 'must be true or false');
    return initial;
  }

  /** Undefined when it is not there, or after a problem was noted. */
  optionalWord<T extends string>(name: string, words: readonly T[]): T | undefined {
    if (!this.has(name)) return undefined;
    const value = this.raw(name);
    const word = words.find((w) => w === value);
    if (word === undefined) this.problem(name, `must be one of ${words.join(', ')}`);
    return word;
  }

  /** @param isGood what each must be */
  optionalList<T extends string>(
    name: string,
    what: string,
    isGood: (value: unknown) => value is T,
  ): readonly T[] | undefined {
    if (!this.has(name)) return undefined;
    const value = this.raw(name);
    if (Array.isArray(value) && value.length > 0 && value.length <= 64 && value.every(isGood)) return value;
    this.problem(name, `must be a list of 1 to 64 ${what}`);
    return undefined;
  }

  has(name: string): boolean {
    this.#read.add(name);
    return Object.hasOwn(this.#members, name);
  }

  raw(name: string): unknown {
    return this.has(name) ? this.#members[name] : undefined;
  }

  problem(name: string, sentence: string): void {
    this.#problems.push(`${this.path}.${name} ${sentence}`);
  }

  /** Call last: a member nobody read is a mistake, such as `allowprivate`. */
  end(): void {
    const known = [...this.#read].join(', ');
    for (const name of Object.keys(this.#members))
      if (!this.#read.has(name)) this.problem(printable(name, 64), `is not known here; known are ${known}`);
  }
}
