/** A key of a configuration: what it is at first, what it may be, and what it means. */
export interface Key<T> {
  readonly initial: T;
  readonly doc: string;
  /** What it may be, for the sentence and the page. */
  readonly range: string;
  /** @returns undefined when the value is not one of those. */
  read(value: unknown): T | undefined;
}

export function text(initial: string, doc: string, maxLength = 4_096): Key<string> {
  return {
    initial,
    doc,
    range: `text of at most ${maxLength} characters`,
    read: (value) => (isText(value) && value.length <= maxLength ? value : undefined),
  };
}

export function integer(initial: number, min: number, max: number, doc: string): Key<number> {
  return {
    initial,
    doc,
    range: `a whole number from ${min} to ${max}`,
    read: (value) => {
      const n = isText(value) && /^\d{1,15}$/.test(value) ? Number(value) : value;
      return typeof n === 'number' && Number.isInteger(n) && n >= min && n <= max ? n : undefined;
    },
  };
}

export function flag(initial: boolean, doc: string): Key<boolean> {
  return {
    initial,
    doc,
    range: 'true or false',
    read: (value) => (typeof value === 'boolean' ? value : undefined),
  };
}

export function oneOf<T extends string>(choices: readonly T[], initial: T, doc: string): Key<T> {
  return {
    initial,
    doc,
    range: `one of ${choices.join(', ')}`,
    read: (value) => choices.find((c) => c === value),
  };
}

/** Pids of Whorl's own other processes: a handful. */
export function pids(doc: string): Key<readonly number[]> {
  const one = (value: unknown): number | undefined => integer(0, 1, 4_194_304, '').read(value);
  return {
    initial: [],
    doc,
    range: 'a list of at most 16 pids',
    read: (value) => {
      if (!Array.isArray(value) || value.length > 16) return undefined;
      const read = value.map(one).filter((n) => n !== undefined);
      return read.length === value.length ? read : undefined;
    },
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}
