import { diff } from '../fingerprint/diff.ts';
import { fold, headline } from '../fingerprint/diff-fold.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import { printable } from '../fingerprint/printable.ts';
import { firstOf } from './grant-words.ts';

/** More than anybody reads before signing; `whorl diff` lists all. */
const most = 200;

/** What changes when `next` takes the place of `current`, by program, as `whorl diff` tells it; widenings first. */
export function differenceSentences(current: Fingerprint, next: Fingerprint): readonly string[] {
  const difference = diff(current, next);
  const lines = fold(difference.changes, { all: true }).flatMap((group) => [
    group.program === undefined
      ? 'the document:'
      : `${printable(group.program, 4096)} started by ${printable(group.startedBy ?? '', 4096)}:`,
    ...group.lines.map(({ widens, severity, sentence }) =>
      widens ? `  + ${severity} ${sentence}` : `    ${sentence}`,
    ),
  ]);
  return [headline(difference), ...firstOf(lines, most)];
}
