/**
 * What a terminal, a log line or a page may be made to do by a string must not be up to the watched world: control
 * characters move the cursor and set titles, bidirectional controls and invisible signs make a name read as another,
 * lone surrogates break encoders. Unassigned and private-use characters are left to the terminal's own replacement.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const unsafeOnce = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (char === '\n') return '\\n';
  if (char === '\t') return '\\t';
  if (char === '\r') return '\\r';
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/**
 * The string as it may be shown to a person: dangerous characters written as visible escapes, at most `max` UTF-16
 * units, cut strings end in `…`. Harmless strings come back unchanged.
 */
export function printable(s: string, max = 256): string {
  // A bounded prefix first: a megabyte of control characters must not cost a megabyte of escapes.
  const head = s.length > max ? s.slice(0, max) : s;
  const safe = unsafeOnce.test(head) ? head.replace(unsafe, escaped) : head;
  if (s.length <= max && safe.length <= max) return safe;
  return `${withoutHalfPair(safe.slice(0, Math.max(0, max - 1)))}…`;
}

function withoutHalfPair(s: string): string {
  const last = s.charCodeAt(s.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? s.slice(0, -1) : s;
}
