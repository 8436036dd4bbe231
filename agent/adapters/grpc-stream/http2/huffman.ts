/**
 * Huffman's code of HPACK (RFC 7541, appendix B): the length of each symbol's code, one digit each to the base of 36, in
 * order of the symbols 0 to 255 and the end mark. The code is canonical, so that the lengths say all of it.
 */
const lengths =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq' +
  'u';

const longest = 30;
const endMark = 256;

/** Symbols by length of their code, then by number; where each length begins there, and its first code. */
const symbols: number[] = [];
const begins: number[] = [];
const firstCodes: number[] = [];

for (let length = 0, code = 0; length <= longest; length++) {
  begins.push(symbols.length);
  firstCodes.push(code);
  for (let symbol = 0; symbol < lengths.length; symbol++)
    if (Number.parseInt(lengths[symbol] ?? '', 36) === length) symbols.push(symbol);
  code = (code + symbols.length - (begins[length] ?? 0)) * 2;
}
begins.push(symbols.length);

/** @returns undefined: no such code, or it does not end as it must (at most seven bits, all of them set) */
export function huffmanText(bytes: Uint8Array, from: number, to: number): string | undefined {
  const text: number[] = [];
  let code = 0;
  let length = 0;
  for (let bit = from * 8; bit < to * 8; bit++) {
    code = code * 2 + (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
    length += 1;
    if (length > longest) return undefined;
    const at = (begins[length] ?? 0) + code - (firstCodes[length] ?? 0);
    if (at >= (begins[length + 1] ?? 0)) continue;
    const symbol = symbols[at] ?? endMark;
    if (symbol === endMark) return undefined;
    text.push(symbol);
    code = 0;
    length = 0;
  }
  return length < 8 && code === 2 ** length - 1 ? String.fromCharCode(...text) : undefined;
}
