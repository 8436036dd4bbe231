import type { Difference } from './diff.ts';
import { type FoldedGroup, type FoldedLine, fold, headline } from './diff-fold.ts';
import { severities } from './incident.ts';
import { plainMarkdown } from './markdown.ts';

/** A comment may have 65 536 characters on the usual forges; what does not fit is counted. */
const maxRows = 40;
const maxDetails = 150;

/** What the two documents are, in sentences that may hold backticks. */
export interface Titles {
  readonly subject: string;
  readonly old: string;
  readonly next: string;
}

/** A comment for a pull request: the verdict, a table of what widens, everything else folded away. */
export function diffMarkdown(d: Difference, titles: Titles): string {
  const groups = fold(d.changes, { all: false });
  const wide = linesOf(groups, true).sort(
    (a, b) => severities.indexOf(b.severity) - severities.indexOf(a.severity),
  );
  const rest = linesOf(groups, false);
  return [
    `### ${d.widens ? '⚠️' : '✅'} ${plainMarkdown(titles.subject)}: ${headline(d)}`,
    ...(wide.length === 0 ? [] : ['', ...table(wide)]),
    ...(rest.length === 0
      ? []
      : [
          '',
          ...folded(
            `${rest.length} ${rest.length === 1 ? 'change that allows' : 'changes that allow'} nothing more`,
            rest,
          ),
        ]),
    ...(d.notExercised?.sentences ?? []).flatMap((sentence) => ['', plainMarkdown(sentence)]),
    '',
    `<sub>${plainMarkdown(titles.old)} → ${plainMarkdown(titles.next)}</sub>`,
    '',
  ].join('\n');
}

function linesOf(groups: readonly FoldedGroup[], widens: boolean): FoldedLine[] {
  return groups.flatMap((g) => g.lines).filter((line) => line.widens === widens);
}

function table(lines: readonly FoldedLine[]): string[] {
  const rows = lines
    .slice(0, maxRows)
    .map((line) => `| ${line.severity} | ${plainMarkdown(line.sentence)} |`);
  const more = lines.length - maxRows;
  return [
    '| Severity | What it allows now |',
    '|---|---|',
    ...rows,
    ...(more > 0 ? [`| | and ${more} more; \`whorl diff --all\` lists them |`] : []),
  ];
}

function folded(title: string, lines: readonly FoldedLine[]): string[] {
  const items = lines.slice(0, maxDetails).map((line) => `- ${plainMarkdown(line.sentence)}`);
  const more = lines.length - maxDetails;
  return [
    `<details><summary>${title}</summary>`,
    '',
    ...items,
    ...(more > 0 ? [`- and ${more} more; \`whorl diff --all\` lists them`] : []),
    '',
    '</details>',
  ];
}
