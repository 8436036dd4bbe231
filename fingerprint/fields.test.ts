import { describe, expect, it } from 'vitest';
import { Fields } from './fields.ts';

const of = (value: unknown): Fields => new Fields(value, 'a.b', 'SCHEMA');
const error = (field: string, message: RegExp): object =>
  expect.objectContaining({ code: 'SCHEMA', field, message: expect.stringMatching(message) });

describe('Fields', () => {
  it('reads what is of the right type', () => {
    const f = of({ t: 'x', n: 3, l: [1], o: { t: 'y' }, at: '2026-05-01T08:00:00Z', m: 'alert' });
    expect([
      f.text('t'),
      f.integer('n', 1),
      f.list('l', 1),
      f.object('o').text('t'),
      f.timestamp('at'),
    ]).toEqual(['x', 3, [1], 'y', '2026-05-01T08:00:00Z']);
    expect(f.oneOf('m', ['alert', 'kill'])).toBe('alert');
    expect(f.optionalText('none')).toBeUndefined();
    expect(f.optionalTimestamp('none')).toBeUndefined();
    f.only('t', 'n', 'l', 'o', 'at', 'm');
  });

  it.each<[string, (f: Fields) => unknown, RegExp]>([
    ['x', (f) => f.text('x'), /must be a text/],
    ['empty', (f) => f.text('empty'), /must be a text/],
    ['bell', (f) => f.text('bell'), /control/],
    ['half', (f) => f.text('half'), /control/],
    ['long', (f) => f.text('long'), /at most 1024/],
    ['bell', (f) => f.integer('bell', 0), /whole number/],
    ['small', (f) => f.integer('small', 1), /at least 1/],
    ['half1', (f) => f.integer('half1', 0), /whole number/],
    ['big', (f) => f.integer('big', 0), /whole number/],
    ['list', (f) => f.list('list', 1), /at most 1/],
    ['x', (f) => f.list('x', 1), /must be a list/],
    ['list', (f) => f.object('list'), /must be an object/],
    ['long', (f) => f.timestamp('long'), /must be a time/],
    ['fraction', (f) => f.timestamp('fraction'), /must be a time/],
    ['day', (f) => f.timestamp('day'), /must be a time/],
    ['long', (f) => f.oneOf('long', ['alert', 'kill']), /one of alert, kill/],
    ['bell', (f) => f.only('empty'), /not known here; known are empty/],
    // What an object inherits is not a member of the document.
    ['toString', (f) => f.text('toString'), /must be a text/],
  ])('names the field %s when it refuses', (field, read, message) => {
    const value = {
      bell: '\u0007',
      empty: '',
      fraction: '2026-05-01T08:00:00.5Z',
      day: '2026-02-29T08:00:00Z',
      half: '\ud800',
      long: 'x'.repeat(1025),
      small: 0,
      half1: 0.5,
      big: 2 ** 53,
      list: [1, 2],
    };
    expect(() => read(of(value))).toThrow(error(`a.b.${field}`, message));
  });

  it.each([[null], [[]], ['x'], [undefined]])('refuses %j as an object', (value) => {
    expect(() => of(value)).toThrow(error('a.b', /must be an object/));
  });
});
