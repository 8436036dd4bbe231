/** Numbers as people read them, in sentences about evidence. */

const second = 1_000_000;
const hour = 3600 * second;
const day = 24 * hour;

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** Two digits: more would claim more than is known. */
export function figure(n: number): string {
  if (!Number.isFinite(n)) return 'an unbounded number';
  return n >= 100 || n === Math.round(n) ? String(Math.round(n)) : String(Number(n.toPrecision(2)));
}

/** @param us µs */
export function duration(us: number): string {
  if (us < 120 * second) return `${figure(us / second)} s`;
  if (us < 2 * hour) return `${Math.round(us / (60 * second))} min`;
  return us < 2 * day ? `${figure(us / hour)} h` : `${figure(us / day)} d`;
}
