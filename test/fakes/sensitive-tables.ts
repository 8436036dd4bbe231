import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { NeverLearnableRow } from '../../fingerprint/never-learnable-rows.ts';
import type { SensitiveRow } from '../../fingerprint/sensitive-rows.ts';

/** How many examples of a row the page shows; the table in the code has all. */
const shown = 4;

const codes = (texts: readonly string[]): string =>
  texts
    .slice(0, shown)
    .map((text) => `\`${text}\``)
    .join(', ');

/** Tables of docs/format.md, made from the rows; the contract test prints the difference when they are out of date. */
export function sensitiveTable(rows: readonly SensitiveRow[]): string {
  const lines = rows.map(
    (r) => `| ${r.id} | ${r.what} | ${codes(r.examples)} | ${codes(r.counterExamples)} |`,
  );
  return ['| Row | What | For example | But not |', '|---|---|---|---|', ...lines].join('\n');
}

export function neverLearnableTable(rows: readonly NeverLearnableRow[]): string {
  const lines = rows.map((r) => `| ${r.id} | ${r.what} | ${act(r.examples)} | ${act(r.counterExamples)} |`);
  return ['| Row | What | For example | But not |', '|---|---|---|---|', ...lines].join('\n');
}

/** What is done, without who did it, unless that is what counts. */
function act([b]: readonly Behaviour[]): string {
  if (b === undefined) return '';
  const { lineage: _lineage, ...rest } = b;
  return `\`${JSON.stringify(rest)}\``;
}
