import { describe, expect, it } from 'vitest';
import { DisarmBook } from './disarm-book.ts';
import { disarmLabel } from './disarm-label.ts';

const second = 1_000_000;
const hour = 3_600 * second;
const now = Date.UTC(2026, 4, 3, 12) * 1000;
const inHours = (hours: number): string => String((now + hours * hour) / second);
const namespace = (name: string, value: unknown) => ({
  metadata: { name, labels: { [disarmLabel]: value } },
});
const names = (book: DisarmBook, at = now): string[] => book.inForce(at).map((d) => d.namespace);

/** All that bear the label, as a list tells of them. */
function told(book: DisarmBook, namespaces: readonly unknown[], at = now): void {
  book.begin();
  book.page(namespaces, at);
  book.complete();
}

describe('the namespaces that bear the label', () => {
  it('are those of the last list, and of what changed since', () => {
    const book = new DisarmBook();
    told(book, [namespace('shop', inHours(1)), namespace('bank', inHours(2))]);
    expect(names(book)).toEqual(['bank', 'shop']);
    expect(book.set(namespace('cart', inHours(1)), now)).toBe(true);
    expect(book.set(namespace('cart', inHours(1)), now)).toBe(false);
    expect(book.remove(namespace('shop', inHours(1)))).toBe(true);
    expect(names(book)).toEqual(['bank', 'cart']);
    told(book, [namespace('cart', inHours(1))]);
    expect(names(book)).toEqual(['cart']);
    expect(names(book, now + hour)).toEqual([]);
  });

  it('stay when a list breaks off', () => {
    const book = new DisarmBook();
    told(book, [namespace('shop', inHours(1)), namespace('bank', inHours(1))]);
    book.begin();
    book.page([namespace('shop', inHours(1))], now);
    expect(names(book)).toEqual(['bank', 'shop']);
    told(book, [namespace('bank', inHours(1))]);
    expect(names(book)).toEqual(['bank']);
  });

  it('bear it no more when a change shows them without it', () => {
    const book = new DisarmBook();
    told(book, [namespace('shop', inHours(1))]);
    expect(book.set({ metadata: { name: 'shop', labels: { team: 'a' } } }, now)).toBe(true);
    expect(book.set({ metadata: { name: 'shop' } }, now)).toBe(false);
    expect(names(book)).toEqual([]);
  });

  it.each([
    [
      inHours(1),
      /^disarmed in namespace shop by its label whorl.dev\/disarmed-until until 2026-05-03T13:00:00Z$/,
    ],
    [inHours(72), /until 2026-05-04T12:00:00Z, a day after this node first saw it: it names a later time$/],
    ['\u001b[2J', /until 2026-05-04T12:00:00Z, .*: "\\x1b\[2J" is no time in seconds since 1970$/],
    [7, /"" is no time/],
    ['x'.repeat(1_000), /"x{63}" is no time/],
  ])('by %j say namespace, label and end', (value, sentence) => {
    const book = new DisarmBook();
    book.set(namespace('shop', value), now);
    expect(book.of('shop', now)?.detail).toMatch(sentence);
    expect(book.of('bank', now)).toBeUndefined();
  });

  it('have their day from when this value was first seen, listed again or told again after a restart', () => {
    const book = new DisarmBook();
    book.set(namespace('shop', 'forever'), now);
    told(book, [namespace('shop', 'forever')], now + 23 * hour);
    const next = new DisarmBook();
    next.restore(book.labels());
    told(next, [namespace('shop', 'forever')], now + 23 * hour);
    expect(names(next, now + 24 * hour - 1)).toEqual(['shop']);
    expect(names(next, now + 24 * hour)).toEqual([]);
    // Whoever says something else says it again.
    next.set(namespace('shop', 'for-ever'), now + 24 * hour);
    expect(names(next, now + 47 * hour)).toEqual(['shop']);
  });

  it('have no more than a day left when the clock is set back, and not again a day each time it is looked at', () => {
    const book = new DisarmBook();
    book.set(namespace('shop', 'forever'), now + 1_000 * hour);
    expect(book.of('shop', now)?.until).toBe(now + 24 * hour);
    expect(book.of('shop', now + hour)?.until).toBe(now + 24 * hour);
  });

  it.each([
    [undefined],
    ['shop'],
    [{}],
    [namespace('', '1')],
    [namespace('a/b', '1')],
    [namespace('Shop', '1')],
    [namespace('a'.repeat(64), '1')],
    [{ metadata: { name: 7, labels: { [disarmLabel]: '1' } } }],
  ])('are not %j', (strange) => {
    const book = new DisarmBook();
    told(book, [strange]);
    book.remove(strange);
    expect(book.labels()).toEqual([]);
    expect(book.counts.malformed).toBe(2);
  });

  it('are so many and no more, and what is over keeps out nothing that is in force', () => {
    const book = new DisarmBook();
    for (let i = 0; i < 5_000; i += 1) book.set(namespace(`old-${i}`, inHours(-1)), now);
    expect(book.labels()).toHaveLength(2_048);
    for (let i = 0; i < 5_000; i += 1) book.set(namespace(`new-${i}`, inHours(1)), now);
    expect(book.labels()).toHaveLength(4_096);
    expect(names(book)).toHaveLength(2_048);
    expect(book.counts).toEqual({ malformed: 0, refused: 5_000 - 2_048, over: 5_000 - 2_048 });
    // What is kept may still change.
    book.set(namespace('old-0', inHours(1)), now);
    expect(book.of('old-0', now)).toBeDefined();
  });
});
