import type { Wire } from './wire.ts';

/** Where a part of a message lies; nothing begins at 0, where the first tag stands: both are 0 for what is not there. */
export class Part {
  from = 0;
  to = 0;

  clear(): void {
    this.from = 0;
    this.to = 0;
  }

  /** Of a text that comes twice the last counts. */
  take({ from, to }: Wire): void {
    this.from = from;
    this.to = to;
  }

  /** A message that comes twice would have to be merged from both: no source writes that. @returns false: it did */
  takeOnce(wire: Wire): boolean {
    return this.set(wire.from, wire.to);
  }

  /** @returns false: it was there already */
  set(from: number, to: number): boolean {
    const isFirst = this.to === 0;
    this.from = from;
    this.to = to;
    return isFirst;
  }

  /** Reckoned from there; 0 stays 0. */
  fromIn(start: number): number {
    return this.to === 0 ? 0 : this.from - start;
  }

  toIn(start: number): number {
    return this.to === 0 ? 0 : this.to - start;
  }
}
