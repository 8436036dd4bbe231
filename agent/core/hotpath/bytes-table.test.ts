import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BytesTable, viewOf } from './bytes-table.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function find(table: BytesTable, text: string, before = ''): number {
  const bytes = encode(`${before}${text}tail`);
  return table.find(bytes, viewOf(bytes), before.length, before.length + encode(text).length);
}

it('tells names apart that differ in a single byte, wherever they lie', () => {
  const table = new BytesTable(['net_packet_dns', 'net_packet_dns_request', 'container_create']);
  expect(find(table, 'net_packet_dns')).toBe(0);
  expect(find(table, 'net_packet_dns_request', 'x')).toBe(1);
  expect(find(table, 'container_create', 'abc')).toBe(2);
  // The first and last four bytes and the length are the same.
  expect(find(table, 'container-create')).toBe(-1);
  expect(find(table, '')).toBe(-1);
});

it('gives each new name the next number, and knows all of them however many there are', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ unit: 'binary-ascii', maxLength: 70 }), { maxLength: 300 }),
      (names) => {
        const table = new BytesTable();
        expect(names.map((name) => table.add(encode(name)))).toEqual(names.map((_, i) => i));
        expect(names.map((name) => find(table, name))).toEqual(names.map((_, i) => i));
        expect(table.size).toBe(names.length);
        table.clear();
        expect(names.map((name) => find(table, name))).toEqual(names.map(() => -1));
      },
    ),
    { numRuns: 50, seed: 3 },
  );
});
