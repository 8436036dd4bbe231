import { integer, type Key } from '../config/keys.ts';

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
