import { describe, expect, it } from 'vitest';
import { clean, renderText, styled } from './text.ts';

describe('clean', () => {
  it.each<[string, string, string]>([
    ['keeps newline and tab', 'a\n\tb', 'a\n\tb'],
    ['shows an escape sequence instead of sending it', '\u001b[2J', '\\u001b[2J'],
    ['shows the 8-bit form of it', '\u009b31m', '\\u009b31m'],
    ['shows carriage return, which would overwrite the line', 'ok\rbad', 'ok\\u000dbad'],
    ['shows what turns the reading direction', 'a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['shows what has no width', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
    ['leaves JSON the same JSON', '"\u{e0041}"', '"\\udb40\\udc41"'],
    ['mends half a surrogate pair', 'a\ud800', 'a\ufffd'],
  ])('%s', (_name, given, printed) => expect(clean(given)).toBe(printed));
});

describe('renderText', () => {
  it('sends a style only where colours are wanted', () => {
    expect(renderText([styled('red', 'x'), 'y'], true)).toBe('\u001b[31mx\u001b[0my');
    expect(renderText([styled('red', 'x'), 'y'], false)).toBe('xy');
  });

  it('does not let a text bring its own style', () => {
    expect(renderText([styled('red', '\u001b[0mx')], true)).toBe('\u001b[31m\\u001b[0mx\u001b[0m');
  });
});
