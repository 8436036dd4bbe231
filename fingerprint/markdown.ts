/**
 * A sentence as Markdown. What stands in backticks comes from the watched world and may try anything: to end the code it
 * stands in, to split a table, to mention somebody, to become a link, a picture or HTML. Therefore it goes into `<code>`
 * as letters, digits and numeric entities alone: an entity is a character to the reader and never markup to a parser,
 * whether the place is Markdown, a table cell or HTML. The words between are ours.
 */
export function plainMarkdown(sentence: string): string {
  return sentence
    .split('`')
    .map((part, i) => (i % 2 === 0 ? ours(part) : `<code>${entities(part)}</code>`))
    .join('');
}

/** Letters, digits and what is no markup anywhere; a dot would make `www.evil.example` a link. */
function entities(text: string): string {
  return text.replace(/[^\p{L}\p{N} /-]/gu, (sign) => `&#${sign.codePointAt(0) ?? 0};`);
}

/** An odd backtick would leave our words outside of code: they must be harmless even so. */
function ours(text: string): string {
  return text.replace(/[<>&|@[\]\\*_~#!]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
