import { plainMarkdown } from '../../fingerprint/markdown.ts';

/** What is to be told of one baseline. */
export interface Part {
  readonly name: string;
  readonly markdown: string;
  /** Nothing of it is news: left out of a comment, kept in the summary. */
  readonly quiet: boolean;
}

/** The forge takes 65 536 characters; the rest is ours. */
const maxComment = 60_000;

/** Of a summary the forge takes 1 MiB, and of a larger one nothing; a sign may have four bytes. */
const maxSummary = 250_000;

/** The job summary: everything that fits, what is news first. */
export function summaryPage(headline: string, parts: readonly Part[]): string {
  const ordered = [...parts.filter((p) => !p.quiet), ...parts.filter((p) => p.quiet)];
  return fitted([`## Whorl: ${headline}`, ''], ordered, [maxSummary, 'the files have all of it']);
}

/** The comment: its marker, and as many whole parts as fit. */
export function commentPage(marker: string, headline: string, parts: readonly Part[]): string {
  const told = parts.filter((p) => !p.quiet);
  const head = [marker, `## Whorl: ${headline}`, ''];
  return fitted(head, told, [maxComment, 'the summary of the job has all of it']);
}

function fitted(
  head: readonly string[],
  parts: readonly Part[],
  [max, elsewhere]: readonly [number, string],
): string {
  const page = [...head];
  let length = page.join('\n').length;
  let left = 0;
  for (const { markdown } of parts) {
    if (length + markdown.length + 1 > max) left++;
    else {
      length += markdown.length + 1;
      page.push(markdown);
    }
  }
  if (left > 0) page.push(`and ${left} more; ${elsewhere}`);
  return `${page.join('\n')}\n`;
}

/** Text for a terminal on a page: no line of it can end the block it stands in. */
export function block(title: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [
    `<details><summary>${plainMarkdown(title)}</summary>`,
    '',
    `${fence}text`,
    text.trim(),
    fence,
    '',
    '</details>',
    '',
  ].join('\n');
}
