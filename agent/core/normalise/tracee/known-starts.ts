/** Linux's classic pid_max twice over. */
const maxKnown = 65_536;
const firstSlots = 1_024;
/** Per slot: pid (0 is nobody's), start, told, uid. */
const stride = 4;
const startAt = 1;
const toldAt = 2;
const uidAt = 3;

/** One generation, in slots that are half full at most. */
class Generation {
  facts = new Float64Array(firstSlots * stride);
  size = 0;
  #mask = firstSlots - 1;

  /** @returns where what is known of that pid stands; where it would stand as -1 - place */
  placeOf(pid: number): number {
    const { facts } = this;
    const mask = this.#mask;
    let slot = (Math.imul(pid, 0x9e3779b1) >>> 8) & mask;
    for (;;) {
      const place = slot * stride;
      if (facts[place] === pid) return place;
      if (facts[place] === 0) return -1 - place;
      slot = (slot + 1) & mask;
    }
  }

  /** @param free what placeOf() said. @returns its place */
  add(pid: number, free: number): number {
    let place = -1 - free;
    if ((this.size + 1) * 2 * stride > this.facts.length) {
      this.#grow();
      place = -1 - this.placeOf(pid);
    }
    this.facts[place] = pid;
    this.size += 1;
    return place;
  }

  clear(): void {
    this.facts.fill(0);
    this.size = 0;
  }

  #grow(): void {
    const before = this.facts;
    this.facts = new Float64Array(before.length * 2);
    this.#mask = this.facts.length / stride - 1;
    for (let place = 0; place < before.length; place += stride) {
      const pid = before[place] ?? 0;
      if (pid !== 0) this.facts.set(before.subarray(place, place + stride), -1 - this.placeOf(pid));
    }
  }
}

/**
 * What Tracee told of the processes that showed last, by pid: numbers in flat arrays, because each helper that lives for
 * a moment leaves an entry, and objects that outlive their makers cost more than all else about them. As in Recent the
 * older half is forgotten at once. A place that find() gave holds until the next find() or set().
 */
export class KnownStarts {
  readonly #half: number;
  #young = new Generation();
  #old = new Generation();

  /** @param max processes; at least half as many are always kept */
  constructor(max: number = maxKnown) {
    this.#half = max / 2;
  }

  /** @returns the place of what is known of it; -1: nothing is */
  find(pid: number): number {
    const at = this.#young.placeOf(pid);
    if (at >= 0) return at;
    const { facts } = this.#old;
    const before = this.#old.placeOf(pid);
    if (before < 0) return -1;
    return this.set(
      pid,
      facts[before + startAt] ?? 0,
      facts[before + toldAt] ?? -1,
      facts[before + uidAt] ?? -1,
    );
  }

  start(at: number): number {
    return this.#young.facts[at + startAt] ?? 0;
  }

  /** As Tracee tells it of the main thread; -1 while only other threads have shown. */
  told(at: number): number {
    return this.#young.facts[at + toldAt] ?? -1;
  }

  /** Tracee's hash of the process, the same for all its threads; -1 while unknown. */
  uid(at: number): number {
    return this.#young.facts[at + uidAt] ?? -1;
  }

  setTold(at: number, told: number): void {
    this.#young.facts[at + toldAt] = told;
  }

  setUid(at: number, uid: number): void {
    this.#young.facts[at + uidAt] = uid;
  }

  /** @returns its place */
  set(pid: number, start: number, told: number, uid: number): number {
    const at = this.#place(pid);
    const { facts } = this.#young;
    facts[at + startAt] = start;
    facts[at + toldAt] = told;
    facts[at + uidAt] = uid;
    return at;
  }

  #place(pid: number): number {
    const at = this.#young.placeOf(pid);
    if (at >= 0) return at;
    if (this.#young.size < this.#half) return this.#young.add(pid, at);
    const forgotten = this.#old;
    this.#old = this.#young;
    this.#young = forgotten;
    forgotten.clear();
    return forgotten.add(pid, forgotten.placeOf(pid));
  }
}
