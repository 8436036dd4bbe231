/** What one benchmark found. A ratio of two things measured in one run is the only figure that travels between machines. */
export interface BenchResult {
  readonly name: string;
  /** What was measured against what, in one sentence without hedging. */
  readonly measures: string;
  readonly ratio: number;
  /** The promise of DESIGN §9 this ratio is held against; the benchmark prints whether it holds, and exits 0 either way. */
  readonly bar: Bar;
  /** Rows of the table for people, in order. Numbers also go into the JSON line under the same names. */
  readonly figures: readonly Figure[];
  /** What a reader must know to believe the figures: what was left out, what was substituted. */
  readonly notes: readonly string[];
}

interface Bar {
  readonly better: 'bigger' | 'smaller';
  readonly value: number;
}

export interface Figure {
  /** camelCase, the member of the JSON line. */
  readonly key: string;
  readonly value: number;
  readonly unit: string;
  readonly label: string;
}

export interface BenchOptions {
  /** Under 40 s, fewer rounds. */
  readonly quick: boolean;
}

function holds(result: BenchResult): boolean {
  const { better, value } = result.bar;
  return better === 'bigger' ? result.ratio >= value : result.ratio <= value;
}

/** The table for people. */
export function describeResult(result: BenchResult): string {
  const rows = result.figures.map((f) => ({
    label: f.label,
    value: `${round(f.value)} ${f.unit}`.trimEnd(),
  }));
  const width = Math.max(...rows.map((r) => r.label.length), 10);
  const sign = result.bar.better === 'bigger' ? '≥' : '≤';
  return [
    `${result.name}: ${result.measures}`,
    ...rows.map((r) => `  ${r.label.padEnd(width)}  ${r.value}`),
    `  ${'ratio'.padEnd(width)}  ${round(result.ratio)} (bar ${sign} ${result.bar.value}: ${holds(result) ? 'holds' : 'DOES NOT HOLD'})`,
    ...result.notes.map((n) => `  note: ${n}`),
  ].join('\n');
}

/** The JSON line for machines. */
export function resultLine(result: BenchResult, machine: object): string {
  const figures = Object.fromEntries(result.figures.map((f) => [f.key, round(f.value)]));
  return JSON.stringify({
    name: result.name,
    ratio: round(result.ratio),
    bar: result.bar.value,
    better: result.bar.better,
    holds: holds(result),
    ...figures,
    notes: result.notes,
    machine,
  });
}

const round = (value: number): number => Number(value.toPrecision(4));
