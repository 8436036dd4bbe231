import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { Wire } from './wire.ts';

interface Read {
  readonly field: number;
  readonly type: number;
  readonly value: string;
}

function readAll(bytes: Uint8Array, from = 0, to = bytes.length): { fields: Read[]; broken: boolean } {
  const wire = new Wire().place(bytes, from, to);
  const fields: Read[] = [];
  while (wire.next()) {
    const { field, type, low, high } = wire;
    if (type === 0) fields.push({ field, type, value: `${(BigInt(high) << 32n) | BigInt(low)}` });
    else {
      expect(wire.from >= from && wire.from <= wire.to && wire.to <= to).toBe(true);
      fields.push({ field, type, value: Buffer.from(bytes.subarray(wire.from, wire.to)).toString('hex') });
    }
  }
  return { fields, broken: wire.broken };
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('one message, field by field', () => {
  const table: readonly (readonly [string, string, readonly Read[] | 'broken'])[] = [
    ['nothing', '', []],
    ['a small number', '08 05', [{ field: 1, type: 0, value: '5' }]],
    ['a number of 300', '10 ac 02', [{ field: 2, type: 0, value: '300' }]],
    ['-1 as int32', '10 ff ff ff ff ff ff ff ff ff 01', [{ field: 2, type: 0, value: `${2n ** 64n - 1n}` }]],
    ['2^35', '08 80 80 80 80 80 01', [{ field: 1, type: 0, value: `${2n ** 35n}` }]],
    ['a number written longer than need be', '08 85 80 00', [{ field: 1, type: 0, value: '5' }]],
    ['text', '1a 02 6f 6b', [{ field: 3, type: 2, value: '6f6b' }]],
    ['no text', '1a 00', [{ field: 3, type: 2, value: '' }]],
    [
      'a length of two bytes',
      `1a 80 01 ${'61'.repeat(128)}`,
      [{ field: 3, type: 2, value: '61'.repeat(128) }],
    ],
    ['eight bytes', '09 01 02 03 04 05 06 07 08', [{ field: 1, type: 1, value: '0102030405060708' }]],
    ['four bytes', '0d 01 02 03 04', [{ field: 1, type: 5, value: '01020304' }]],
    ['a field above 15', 'c2 01 01 78', [{ field: 24, type: 2, value: '78' }]],
    ['the highest field number', 'f8 ff ff ff 0f 01', [{ field: 2 ** 29 - 1, type: 0, value: '1' }]],
    ['field 0', '00 01', 'broken'],
    ['field 0 with bytes', '02 00', 'broken'],
    ['a group', '0b 0c', 'broken'],
    ['a type there is not', '0e', 'broken'],
    ['a tag alone', '0a', 'broken'],
    ['half a tag', '8a', 'broken'],
    ['half a length', '0a 80', 'broken'],
    ['a length beyond the end', '0a 03 61 62', 'broken'],
    ['a length beyond 2^32', '0a 80 80 80 80 10 61', 'broken'],
    ['a number without end', `08 ${'ff'.repeat(11)}`, 'broken'],
    ['half of eight bytes', '09 01 02', 'broken'],
    ['half of four bytes', '0d 01', 'broken'],
    ['a tag of more than 32 bits', '88 80 80 80 80 01 01', 'broken'],
  ];
  it.each(table)('%s', (_, text, expected) => {
    const { fields, broken } = readAll(hex(text));
    expect(broken).toBe(expected === 'broken');
    expect(fields).toEqual(expected === 'broken' ? [] : expected);
  });

  it('reads a number as the int32 or int64 it was', () => {
    const wire = new Wire().place(hex('10 fe ff ff ff ff ff ff ff ff 01'), 0, 11);
    wire.next();
    expect(wire.signed).toBe(-2);
    expect(wire.low | 0).toBe(-2);
  });

  it('takes nothing from behind the end of the message, though the buffer goes on', () => {
    const bytes = hex('0a 02 61 62 63 64');
    expect(readAll(bytes, 0, 3)).toEqual({ fields: [], broken: true });
    expect(readAll(bytes, 0, 1)).toEqual({ fields: [], broken: true });
    expect(readAll(hex('0a 81 01 61'), 0, 2)).toEqual({ fields: [], broken: true });
  });

  it('says at once that a place beyond the buffer is broken', () => {
    expect(readAll(hex('08 01'), 0, 9)).toEqual({ fields: [], broken: true });
    expect(readAll(hex('08 01'), 2, 1)).toEqual({ fields: [], broken: true });
  });
});

describe('any message', () => {
  const field = fc.integer({ min: 1, max: 2 ** 29 - 1 });
  const low = fc.oneof(fc.integer({ min: 1, max: 31 }), field);
  const one = fc.oneof(
    fc.record({ field: low, number: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
    fc.record({ field: low, bytes: fc.uint8Array({ maxLength: 300 }) }),
  );

  it('reads what protobufjs wrote', () => {
    fc.assert(
      fc.property(fc.array(one, { maxLength: 30 }), (fields) => {
        const writer = protobuf.Writer.create();
        for (const f of fields)
          if ('number' in f) writer.uint32((f.field << 3) >>> 0).uint64(`${f.number}`);
          else writer.uint32(((f.field << 3) | 2) >>> 0).bytes(f.bytes);
        const expected = fields.map((f) =>
          'number' in f
            ? { field: f.field, type: 0, value: `${f.number}` }
            : { field: f.field, type: 2, value: Buffer.from(f.bytes).toString('hex') },
        );
        expect(readAll(Uint8Array.from(writer.finish()))).toEqual({ fields: expected, broken: false });
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('ends on any bytes, within them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, from, to) => {
        readAll(bytes, from, to);
      }),
      { numRuns: 5_000, seed: 2 },
    );
  });
});
