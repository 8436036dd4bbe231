/** What is printed: plain text, or pieces of it with a style. Styles are added after cleaning, never by the text itself. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export interface Styled {
  readonly style: Style;
  readonly text: string;
}
export type Text = string | readonly (string | Styled)[];

const sgr: Record<Style, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

export function styled(style: Style, text: string): Styled {
  return { style, text };
}

/**
 * Last line of defence before a terminal: whatever slipped past `printable` cannot move the cursor, set a title or turn
 * the reading direction. Newline and tab stay, because layout is ours.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get out
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069\ufeff]/g;

export function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(unsafe, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

export function renderText(text: Text, colour: boolean): string {
  if (typeof text === 'string') return clean(text);
  return text.map((piece) => renderPiece(piece, colour)).join('');
}

function renderPiece(piece: string | Styled, colour: boolean): string {
  if (typeof piece === 'string') return clean(piece);
  const body = clean(piece.text);
  return colour ? `\u001b[${sgr[piece.style]}m${body}\u001b[0m` : body;
}
