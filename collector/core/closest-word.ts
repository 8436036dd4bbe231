/** So far a typing mistake goes: a letter left out, doubled or wrong, or two exchanged. */
const maxMistakes = 2;
/** Nobody mistypes a word of fifty letters into one of these; a bound on the work for a hostile name. */
const maxLength = 50;

/** The known word that was most likely meant. Case, `-` and `_` are no mistake. */
export function closestWord(given: string, known: readonly string[]): string | undefined {
  if (given.length > maxLength) return undefined;
  const plain = plainly(given);
  let best: string | undefined;
  let fewest = maxMistakes + 1;
  for (const word of known) {
    // Of a short word two wrong letters are another word.
    const allowed = Math.min(maxMistakes, Math.floor(word.length / 3));
    const mistakes = distance(plain, plainly(word));
    if (mistakes <= allowed && mistakes < fewest) [best, fewest] = [word, mistakes];
  }
  return best;
}

function plainly(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Letters to insert, leave out, replace or exchange with their neighbour, row by row. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      const isExchange = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j];
      const exchanged = isExchange ? (before[j - 1] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, exchanged, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}
