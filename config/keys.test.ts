import { describe, expect, it } from 'vitest';
import { integer, type Key, number, text } from './keys.ts';

const [share, count, name] = [number(0.1, 0, 1, ''), integer(3, 0, 1_000, ''), text('', '', 4)];

/** Flags come as text, files as what they hold. */
describe('a key', () => {
  it.each<[string, Key<unknown>, unknown, unknown]>([
    ['a share', share, 0.25, 0.25],
    ['a share of a flag', share, '0.25', 0.25],
    ['a share above its range', share, 1.01, undefined],
    ['a share that is no number', share, Number.NaN, undefined],
    ['a share in another notation', share, '1e-3', undefined],
    ['an empty flag', share, '', undefined],
    ['a count', count, 7, 7],
    ['a count of a flag', count, '7', 7],
    ['a part of one', count, 7.5, undefined],
    ['a part of one, of a flag', count, '7.5', undefined],
    ['a negative count', count, '-1', undefined],
    ['true for a count', count, true, undefined],
    ['text', name, 'ab', 'ab'],
    ['text that is too long', name, 'abcde', undefined],
    ['text with a zero byte', name, 'a\0b', undefined],
  ])('reads %s', (_name, key, value, read) => {
    expect(key.read(value)).toBe(read);
  });
});
