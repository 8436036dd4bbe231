/** Words of a key that is looked up: filled by the caller, read by the dictionary, never kept. */
export interface KeyBuffer {
  readonly words: Int32Array;
  length: number;
  hash: number;
}

/** 1 KiB: a path of 900 characters with its head. Longer ones take the long way. */
const maxKeyWords = 256;

const mixer = 0x9e3779b1;

export function newKeyBuffer(): KeyBuffer {
  return { words: new Int32Array(maxKeyWords), length: 0, hash: 0 };
}

/** The first `length` words are the key. @returns true, so that a reader can end with it */
export function seal(key: KeyBuffer, length: number): true {
  let hash = 0x243f6a88;
  const { words } = key;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ (words[i] ?? 0), mixer);
    hash ^= hash >>> 15;
  }
  key.length = length;
  key.hash = hash;
  return true;
}
