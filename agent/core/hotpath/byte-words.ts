/**
 * Bytes kept by fours, to be compared with such as lie anywhere in a message: every byte is. The last word reaches back
 * over bytes of the one before it, so that no rest is left; fewer than four bytes make one word.
 */

/** Into how many words so many bytes are put. */
export function wordsFor(length: number): number {
  return (length + 3) >> 2;
}

export function writeWords(words: Int32Array, at: number, view: DataView, from: number, to: number): void {
  let n = at;
  let p = from;
  for (; p + 4 <= to; p += 4) words[n++] = view.getInt32(p, true);
  if (p < to) words[n] = lastWord(view, from, to);
}

/** @param at where the words of the kept bytes begin, as many as lie from `from` up to `to`: lengths are not compared */
export function isSameWords(
  words: Int32Array,
  at: number,
  view: DataView,
  from: number,
  to: number,
): boolean {
  let n = at;
  let p = from;
  // Four at a time: one branch for all of them.
  for (; p + 16 <= to; p += 16, n += 4) {
    const differ =
      (view.getInt32(p, true) ^ (words[n] ?? 0)) |
      (view.getInt32(p + 4, true) ^ (words[n + 1] ?? 0)) |
      (view.getInt32(p + 8, true) ^ (words[n + 2] ?? 0)) |
      (view.getInt32(p + 12, true) ^ (words[n + 3] ?? 0));
    if (differ !== 0) return false;
  }
  for (; p + 4 <= to; p += 4) if (view.getInt32(p, true) !== words[n++]) return false;
  return p >= to || lastWord(view, from, to) === words[n];
}

function lastWord(view: DataView, from: number, to: number): number {
  if (to - from >= 4) return view.getInt32(to - 4, true);
  let word = 0;
  for (let p = from; p < to; p++) word = (word << 8) | view.getUint8(p);
  return word;
}
