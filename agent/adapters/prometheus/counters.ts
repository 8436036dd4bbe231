import { MetricsError } from './metrics-error.ts';

/** Each named counter, summed over its labels. One that is not on the page is not in the map. */
export type Counters = ReadonlyMap<string, number>;

/**
 * The named counters of a page in Prometheus' text format. What else stands on it is not looked at: a page has thousands
 * of lines and is read every two seconds.
 *
 * @param page read byte by byte (latin1): names and numbers are ASCII, labels are passed over
 * @throws MetricsError `malformed` when a line of a named counter is none
 */
export function countersOf(page: string, names: readonly string[]): Counters {
  const sums = new Map<string, number>();
  for (const name of names) {
    let sum: number | undefined;
    for (const line of samplesOf(page, name)) sum = (sum ?? 0) + amountOf(line, name);
    if (sum !== undefined) sums.set(name, sum);
  }
  return sums;
}

/** Whether the page has anything of that family of metrics. */
export function hasFamily(page: string, prefix: string): boolean {
  return page.startsWith(prefix) || page.includes(`\n${prefix}`) || page.includes(`\n# TYPE ${prefix}`);
}

/** What follows the name, of each line that is a sample of it: no label can hold a line's end, they are escaped. */
function* samplesOf(page: string, name: string): Generator<string> {
  for (let at = page.indexOf(name); at >= 0; at = page.indexOf(name, at + name.length)) {
    if (at > 0 && page[at - 1] !== '\n') continue;
    const after = page[at + name.length] ?? '\n';
    // `name_created` and the like are other metrics.
    if (/[a-zA-Z0-9_:]/.test(after)) continue;
    const end = page.indexOf('\n', at);
    yield page.slice(at + name.length, end < 0 ? page.length : end);
  }
}

const sample =
  /^[ \t]*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?[ \t]*([0-9][0-9.eE+-]*)(?:[ \t]+-?[0-9.]+)?[ \t]*\r?$/;

function amountOf(rest: string, name: string): number {
  const value = Number(sample.exec(rest)?.[1] ?? Number.NaN);
  if (Number.isFinite(value)) return value;
  throw new MetricsError('malformed', `a line of ${name} is no counter of Prometheus' text format`);
}
