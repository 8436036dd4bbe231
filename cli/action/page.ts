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

/** The job summary: everything. */
export function summaryPage(headline: string, parts: readonly Part[]): string {
  return [`## Whorl: ${headline}`, '', ...parts.map((p) => p.markdown), ''].join('\n');
}

/** The comment: its marker, and as many whole parts as fit. */
export function commentPage(marker: string, headline: string, parts: readonly Part[]): string {
  const told = parts.filter((p) => !p.quiet);
  const page = [marker, `## Whorl: ${headline}`, ''];
  let length = page.join('\n').length;
  let left = 0;
  for (const { markdown } of told) {
    length += markdown.length + 1;
    if (length <= maxComment) page.push(markdown);
    else left++;
  }
  if (left > 0) page.push(`and ${left} more; the summary of the job has all of it`);
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
