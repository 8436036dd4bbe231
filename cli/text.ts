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
const unsafe = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

export function clean(text: string): string {
  return text.toWellFormed().replace(unsafe, escaped);
}

/** One escape for each UTF-16 unit, so that JSON stays the same JSON. */
function escaped(sign: string): string {
  const units = Array.from({ length: sign.length }, (_, i) =>
    sign.charCodeAt(i).toString(16).padStart(4, '0'),
  );
  return units.map((unit) => `\\u${unit}`).join('');
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
