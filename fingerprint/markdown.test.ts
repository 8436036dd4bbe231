import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainMarkdown } from './markdown.ts';
import { quoted } from './phrase.ts';

describe('plainMarkdown', () => {
  it.each([
    ['mention', '@everyone', '&#64;everyone'],
    ['link', '[x](http://evil.example)', '&#91;x&#93;&#40;http&#58;//evil&#46;example&#41;'],
    ['bare link', 'www.evil.example', 'www&#46;evil&#46;example'],
    ['table', 'a|b', 'a&#124;b'],
    ['HTML', '</code><script>', '&#60;/code&#62;&#60;script&#62;'],
    ['escape', '\\|', '&#92;&#124;'],
    ['entity', '&#64;here', '&#38;&#35;64&#59;here'],
    ['issue', '#1', '&#35;1'],
    ['emphasis', '**x** _y_', '&#42;&#42;x&#42;&#42; &#95;y&#95;'],
    ['backtick', '`id`', '&#39;id&#39;'],
  ])('a %s from the watched world is text', (_name, hostile, text) => {
    expect(plainMarkdown(`nginx reads ${quoted(hostile)}`)).toBe(`nginx reads <code>${text}</code>`);
  });

  it('leaves no sign of the watched world that any parser gives a meaning to', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (hostile) => {
        const inside = plainMarkdown(quoted(hostile)).slice('<code>'.length, -'</code>'.length);
        expect(inside.replaceAll(/&#\d+;/g, '')).not.toMatch(/[^\p{L}\p{N} /-]/u);
      }),
      { seed: 11 },
    );
  });
});
