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
  const any = number(initial, min, max, doc);
  const read = (value: unknown) => {
    const n = any.read(value);
    return Number.isInteger(n) ? n : undefined;
  };
  return { ...any, range: `a whole number from ${min} to ${max}`, read };
}

/** Flags give it as text: digits, and six of them at most behind a point. */
export function number(initial: number, min: number, max: number, doc: string): Key<number> {
  return {
    initial,
    doc,
    range: `a number from ${min} to ${max}`,
    read: (value) => {
      const n = isText(value) && /^\d{1,15}(\.\d{1,6})?$/.test(value) ? Number(value) : value;
      return typeof n === 'number' && n >= min && n <= max ? n : undefined;
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

export function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}
