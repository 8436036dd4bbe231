/**
 * What a daemon answered, for lines for people. It may be of another version than this command: what is not as expected
 * is left out, never an error.
 */
export class Answer {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** As it came, for `--json`. */
  get value(): unknown {
    return this.#value;
  }

  at(name: string): Answer {
    return new Answer(
      typeof this.#value === 'object' && this.#value !== null ? Reflect.get(this.#value, name) : undefined,
    );
  }

  text(name: string): string {
    const found = this.at(name).#value;
    return typeof found === 'string' ? found : '';
  }

  number(name: string): number {
    const found = this.at(name).#value;
    return typeof found === 'number' ? found : 0;
  }

  flag(name: string): boolean {
    return this.at(name).#value === true;
  }

  list(name: string): readonly Answer[] {
    const found = this.at(name).#value;
    return Array.isArray(found) ? found.map((v) => new Answer(v)) : [];
  }

  words(name: string): string {
    const found = this.at(name).#value;
    return Array.isArray(found) ? found.map(String).join(', ') : '';
  }

  numbers(): readonly (readonly [string, number])[] {
    if (typeof this.#value !== 'object' || this.#value === null) return [];
    return Object.entries(this.#value).filter((e): e is [string, number] => typeof e[1] === 'number');
  }
}

export function workloadName(row: Answer): string {
  const workload = row.at('workload');
  const owner = workload.text('owner');
  // Docker's containers have drawn names: without the image a dozen workloads are called the same.
  const image = owner.endsWith('/{hex}') ? ` (${workload.at('subject').text('name')})` : '';
  return `${workload.text('namespace')}/${owner}${image}`;
}
