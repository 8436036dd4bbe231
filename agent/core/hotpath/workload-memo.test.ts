import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageWriter } from '../normalise/tracee/message-writer.ts';
import { viewOf } from './bytes-table.ts';
import { TraceeWorkload, TraceeWorkloadReader } from './tracee-workload.ts';
import { WorkloadMemo } from './workload-memo.ts';

interface Told {
  readonly pid: number;
  readonly tid?: number;
  readonly exe?: string;
  readonly image?: string;
  /** Fields nobody knows, of the process. */
  readonly more?: number;
}

const number = (value: number): Uint8Array => new MessageWriter().number(1, value).bytes();

function workload({ pid, tid = pid, exe = '/srv/app', image = 'cart:1', more = 0 }: Told): Uint8Array {
  const started = new MessageWriter().number(1, 1_700_000_000).number(2, 987_654_321).bytes();
  const thread = new MessageWriter().message(1, started).text(2, 'app').message(4, number(tid));
  const process = new MessageWriter()
    .message(1, new MessageWriter().text(1, exe).bytes())
    .message(2, number(3_000_000_000 + pid))
    .message(3, number(pid))
    .message(6, thread.text(6, 'openat').bytes())
    .message(7, new MessageWriter().message(2, number(7)).message(3, number(1)).bytes());
  for (let i = 0; i < more; i++) process.text(100, `${i} of more than anybody writes`);
  const named = new MessageWriter().text(3, image).bytes();
  const container = new MessageWriter().text(1, 'a'.repeat(64)).text(2, 'cart').message(3, named);
  return new MessageWriter()
    .message(1, process.bytes())
    .message(2, container.bytes())
    .message(3, new MessageWriter().message(2, new MessageWriter().text(1, 'shop').bytes()).bytes())
    .bytes();
}

/** Reads as the reader of messages does, and says whether it had to. */
class Readings {
  readonly #memo = new WorkloadMemo();
  readonly #reader = new TraceeWorkloadReader();
  #free = new TraceeWorkload();
  known = 0;

  read(workload: Uint8Array, offset = 0): TraceeWorkload | undefined {
    const bytes = new Uint8Array(offset + workload.length + 9).fill(offset);
    bytes.set(workload, offset);
    const [view, to] = [viewOf(bytes), offset + workload.length];
    const known = this.#memo.find(bytes, view, offset, to);
    if (known !== undefined) {
      this.known += 1;
      return known;
    }
    const read = this.#free;
    if (!this.#reader.read(read, bytes, view, offset, to)) return undefined;
    this.#free = this.#memo.offer(read, this.#reader.unread, view, offset, to);
    return read;
  }
}

function readAnew(workload: Uint8Array): TraceeWorkload | undefined {
  const says = new TraceeWorkload();
  return new TraceeWorkloadReader().read(says, workload, viewOf(workload), 0, workload.length)
    ? says
    : undefined;
}

describe('the memo of workloads', () => {
  it('knows one from its third coming on, wherever it lies', () => {
    const readings = new Readings();
    const told = workload({ pid: 70 });
    for (const offset of [0, 3, 8, 21, 2]) expect(readings.read(told, offset)).toEqual(readAnew(told));
    expect(readings.known).toBe(3);
  });

  it('knows one by what was read of it: names may be others of the same length', () => {
    const readings = new Readings();
    for (const exe of ['/srv/a', '/srv/b', '/srv/c']) readings.read(workload({ pid: 70, exe }));
    expect(readings.known).toBe(1);
    readings.read(workload({ pid: 70, exe: '/srv/dd' }));
    expect(readings.known).toBe(1);
  });

  it.each([
    { pid: 70 },
    { pid: 70, tid: 4_000_071 },
    { pid: 70, exe: `/${'d'.repeat(120)}`, image: 'i'.repeat(200) },
  ])('says of what differs from a known one in one byte what stands there: %j', (told) => {
    const readings = new Readings();
    const original = workload(told);
    const said = readAnew(original);
    for (let at = 0; at < original.length; at++) {
      for (const change of [1, 2, 0x10, 0x80, 0xff]) {
        const other = original.slice();
        other[at] = (other[at] ?? 0) ^ change;
        for (const offset of [0, 1]) expect(readings.read(other, offset)).toEqual(readAnew(other));
        expect(readings.read(original)).toEqual(said);
      }
    }
    expect(readings.known).toBeGreaterThan(original.length);
  });

  it('says of each the same however many there are, and of which length', () => {
    const readings = new Readings();
    for (let round = 0; round < 3; round++)
      for (let i = 0; i < 2_500; i++) {
        const told = { pid: 100 + i, exe: `/${'x'.repeat(i % 97)}`, more: i % 50 === 0 ? 90 : i % 7 };
        const original = workload(told);
        const said = readAnew(original);
        for (let times = 0; times < 3; times++) expect(readings.read(original, times)).toEqual(said);
      }
    expect(readings.known).toBeGreaterThan(7_000);
  });

  it('says the same of any mixture of workloads, whole and damaged', () => {
    const some = fc.record({
      pid: fc.integer({ min: 1, max: 4 }),
      tid: fc.constantFrom(1, 2, 300, 2 ** 31, 2 ** 32),
      image: fc.constantFrom('a', 'b', 'cc'),
      at: fc.nat({ max: 200 }),
      byte: fc.constantFrom(-1, -1, -1, 0, 8, 0x0a, 0x7f, 0xff),
      offset: fc.nat({ max: 9 }),
      times: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(some, { minLength: 20, maxLength: 200, size: 'max' }), (all) => {
        const readings = new Readings();
        for (const { at, byte, offset, times, ...told } of all) {
          const bytes = workload(told);
          if (byte >= 0) bytes[at % bytes.length] = byte;
          for (let i = 0; i < times; i++) expect(readings.read(bytes, offset + i)).toEqual(readAnew(bytes));
        }
      }),
      { numRuns: 50, seed: 11 },
    );
  });
});
