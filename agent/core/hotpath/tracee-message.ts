import { TraceeArguments } from './tracee-arguments.ts';
import { Wire } from './wire.ts';
import { Part } from './wire-part.ts';

/** Numbers of the fields that are read, in all dialects the same. */
const responseField = { event: 1 } as const;
const eventField = { timestamp: 1, name: 3, workload: 5, data: 6, threat: 7 } as const;
/** What a usual message begins with, and the fields of a usual event: each tag is one byte. */
const eventTag = 0x0a;
const tags = { timestamp: 0x0a, id: 0x10, name: 0x1a, policies: 0x22, workload: 0x2a, data: 0x32 } as const;

/** The parts of one message, a `StreamEventsResponse`, where they lie. */
export class TraceeMessage {
  readonly timestamp = new Part();
  readonly name = new Part();
  readonly workload = new Part();
  readonly arguments = new TraceeArguments();
  hasThreat = false;

  readonly #wire = new Wire();
  readonly #event = new Part();

  /** @param view of the same bytes. @returns false: it is malformed */
  read(bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    this.#clear(bytes, view);
    const length = to - from;
    // As every message begins that has between 128 B and 16 KiB, and nothing but the event.
    if (length > 130 && to <= bytes.length && bytes[from] === eventTag) {
      const low = bytes[from + 1] ?? 0;
      const high = bytes[from + 2] ?? 0;
      const isWhole = low >= 0x80 && high < 0x80 && ((low & 0x7f) | (high << 7)) === length - 3;
      if (isWhole && this.#readUsual(bytes, from + 3, to)) return true;
      this.#clear(bytes, view);
    }
    return this.#findEvent(bytes, from, to) && this.#readAny(bytes);
  }

  #clear(bytes: Uint8Array, view: DataView): void {
    this.timestamp.clear();
    this.name.clear();
    this.workload.clear();
    this.hasThreat = false;
    this.arguments.clear(bytes, view);
  }

  /**
   * An event of fields as Tracee writes them, and nothing amiss. @returns false: something is other than usual; then
   * nothing that was found counts
   */
  #readUsual(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    // A field has two bytes at least; of one that has no more at the end the general way knows.
    while (at + 2 < end) {
      const tag = bytes[at] ?? 0;
      let length = bytes[at + 1] ?? 0;
      let from = at + 2;
      if (length >= 0x80) {
        const more = bytes[from++] ?? 0x80;
        if (more >= 0x80) return false;
        length = (length & 0x7f) | (more << 7);
      }
      if (tag === tags.id) {
        at = from;
        continue;
      }
      at = from + length;
      if (at > end || !this.#take(tag, from, at)) return false;
    }
    return at === end;
  }

  #take(tag: number, from: number, to: number): boolean {
    switch (tag) {
      case tags.data:
        return this.arguments.add(from, to);
      case tags.timestamp:
        return this.timestamp.set(from, to);
      case tags.name:
        return this.name.set(from, to);
      case tags.workload:
        return this.workload.set(from, to);
      default:
        return tag === tags.policies;
    }
  }

  #findEvent(bytes: Uint8Array, from: number, to: number): boolean {
    const wire = this.#wire.place(bytes, from, to);
    this.#event.clear();
    while (wire.next())
      if (wire.field === responseField.event && wire.type === 2 && !this.#event.takeOnce(wire)) return false;
    return !wire.broken && this.#event.to > 0;
  }

  #readAny(bytes: Uint8Array): boolean {
    const wire = this.#wire.place(bytes, this.#event.from, this.#event.to);
    while (wire.next()) {
      if (wire.type !== 2) continue;
      switch (wire.field) {
        case eventField.data:
          if (!this.arguments.add(wire.from, wire.to)) return false;
          break;
        case eventField.name:
          this.name.take(wire);
          break;
        case eventField.timestamp:
          if (!this.timestamp.takeOnce(wire)) return false;
          break;
        case eventField.workload:
          if (!this.workload.takeOnce(wire)) return false;
          break;
        case eventField.threat:
          this.hasThreat = true;
          break;
      }
    }
    return !wire.broken;
  }
}
