/** Longer texts are rare and would fill the memory; they are worked out each time. */
const maxKey = 512;

/**
 * The same function, remembering what it answered lately: events repeat the same few paths and programs. Two
 * generations of at most `size` answers each; when the young one is full the old one is forgotten, so the cost is
 * bounded whatever the watched world does, and what is asked often stays.
 */
export function memoised<T>(answer: (key: string) => T, size: number): (key: string) => T {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  return (key) => {
    const known = young.get(key) ?? old.get(key);
    if (known !== undefined) {
      if (!young.has(key)) keep(key, known);
      return known;
    }
    const fresh = answer(key);
    if (key.length <= maxKey) keep(key, fresh);
    return fresh;
  };

  function keep(key: string, value: T): void {
    if (young.size >= size) [young, old] = [new Map<string, T>(), young];
    young.set(key, value);
  }
}
