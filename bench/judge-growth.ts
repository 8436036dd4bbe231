import type { Behaviour } from '../fingerprint/behaviour.ts';
import { behaviourKinds } from '../fingerprint/event.ts';
import { generalise, generalisePath } from '../fingerprint/generalise.ts';
import { indexBehaviour } from '../fingerprint/index-behaviour.ts';
import { judge } from '../fingerprint/judge.ts';
import { learn } from '../fingerprint/learn.ts';
import { corpusSizes } from './corpus-sizes.ts';
import type { BenchOptions, BenchResult, Figure } from './result.ts';
import { cpuMicros, median, seededRandom, shuffle } from './statistics.ts';

const known = { pod: 'cart-7d9c6b5f4-x2k8p', address: '10.0.0.7', hostname: 'cart-7d9c6b5f4-x2k8p' };
const program = { root: 'entrypoint', lineage: ['/usr/local/bin/node'] } as const;
/** Behind these every verdict has patterns to look at, however small the fingerprint is. */
const patternNames = 25;

/** What a service does to files, names and peers: mostly literal paths, some with a part that generalising replaces. */
function behaviourAt(i: number): Behaviour {
  switch (i % 10) {
    case 0:
      return {
        ...program,
        kind: 'open',
        path: `/srv/cache/bucket-${word(i)}/${word(i * 7)}.bin`,
        access: 'write',
      };
    case 1:
      return {
        ...program,
        kind: 'connect',
        transport: 'tcp',
        peer: `${word(i)}.shop.svc.cluster.local`,
        port: 5432,
      };
    case 2:
      return { ...program, kind: 'resolve', name: `${word(i)}.shop.svc.cluster.local` };
    case 3:
      return { ...program, kind: 'open', path: `/srv/jobs/${word(i)}/${known.pod}/run.json`, access: 'read' };
    case 4:
      return {
        ...program,
        kind: 'delete',
        path: `/srv/spool/${word(i)}/1f0c2a9d-7c1e-4e0a-9a53-0c4b6a1d2e3f.tmp`,
      };
    default:
      return {
        ...program,
        kind: 'open',
        path: `/srv/app/node_modules/${word(i)}/lib/${word(i * 3)}.js`,
        access: 'read',
      };
  }
}

/** What stands behind a pattern: a file of the image, a name in a data directory, one of many siblings, a drawn name. */
function patternedAt(i: number): Behaviour {
  const name = word(i);
  switch (i % 4) {
    case 0:
      return { ...program, kind: 'open', path: `/usr/share/${name}/x`, access: 'read', origin: 'image' };
    case 1:
      return { ...program, kind: 'open', path: `/data/${name}~`, access: 'write', origin: 'volume' };
    case 2:
      return { ...program, kind: 'delete', path: `/srv/spool/part-${drawn(i)}` };
    default:
      return { ...program, kind: 'open', path: `/srv/out/icon-${name}.png`, access: 'write' };
  }
}

/** Letters only: digits would be generalised and 10 000 entries would become few. */
function word(i: number): string {
  let out = '';
  for (let rest = i + 1; rest > 0; rest = Math.floor(rest / 21)) out += 'bcdfghjklmnpqrstvwxyz'[rest % 21];
  return `${out}a`;
}

/** As mkstemp draws them: what is learned shows it, what is judged later does not. */
function drawn(i: number): string {
  return i < 4 * patternNames ? 'aB3dE9' : word(i).padStart(6, 'z');
}

/** As it comes from a source: strings nobody has hashed yet, so that the price of the first look is inside. */
function fresh(b: Behaviour): Behaviour {
  return JSON.parse(JSON.stringify(b));
}

interface Side {
  readonly size: number;
  readonly entries: number;
  /** CPU µs per verdict on what is known by name, generalising included. */
  exact(): number;
  /** The same on names nobody has seen, which a pattern accepts. */
  patterned(): number;
}

/** One side of the ratio: a fingerprint of `size` entries and the hits to be judged against it. */
function prepare(size: number, hits: number): Side {
  const seen = Array.from({ length: size }, (_, i) => behaviourAt(i));
  const names = Array.from({ length: 4 * patternNames }, (_, i) => patternedAt(i));
  const baseline = learn(
    { name: 'registry.example/shop/cart', digest: `sha256:${'a'.repeat(64)}` },
    [...seen, ...names].map((b) => generalise(b, known)),
    {
      coverage: behaviourKinds,
      observation: {
        startedAt: '2026-01-01T00:00:00Z',
        finishedAt: '2026-01-02T00:00:00Z',
        source: 'bench',
        events: size,
        lost: 0,
        instances: [],
      },
    },
  );
  const index = indexBehaviour(baseline);
  const order = shuffle(
    Array.from({ length: hits }, (_, i) => i),
    seededRandom(size),
  );
  const round = (at: (i: number) => Behaviour): number => {
    const input = order.map((i) => fresh(at(i)));
    let expected = 0;
    const cpu = cpuMicros(() => {
      for (const b of input) if (judge(generalise(b, known), index).kind === 'expected') expected++;
    });
    if (expected !== hits)
      throw new Error(`${hits - expected} of ${hits} learned behaviours were not expected`);
    return cpu / hits;
  };
  return {
    size,
    entries: baseline.behaviour.programs.reduce((n, p) => n + p.files.length + p.network.length, 0),
    exact: () => round((i) => behaviourAt(i % size)),
    patterned: () => round((i) => patternedAt(i % 5_000)),
  };
}

/** µs per path that is generalised for the first time, as a source of many different names would have it. */
function pathMicros(paths: number): number {
  const rounds = Array.from({ length: 5 }, (_, round) => {
    const input = Array.from(
      { length: paths },
      (_, i) => `/srv/jobs/${word(i + round * paths)}/${known.pod}/part-${i}.json`,
    );
    return cpuMicros(() => {
      for (const path of input) generalisePath(path, known, 'write');
    });
  });
  return median(rounds) / paths;
}

/** Does a verdict get dearer when a fingerprint grows? What does one weigh? */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const hits = quick ? 40_000 : 100_000;
  const sides = [100, 1_000, 10_000].map((size) => prepare(size, hits));
  const exact = measure(sides, (side) => side.exact());
  const patterned = measure(sides, (side) => side.patterned());
  const corpus = corpusSizes();
  return {
    name: 'judge',
    measures:
      'generalise + judge on a fingerprint of 10 000 entries against one of 100, shuffled hits, CPU, median of 5',
    ratio: exact.growth,
    bar: { better: 'smaller', value: 1.3 },
    figures: [
      ...sides.map((side, i) =>
        nanos(`judge${side.size}`, exact.micros[i], `per verdict, ${side.entries} entries`),
      ),
      ...sides.map((side, i) =>
        nanos(`pattern${side.size}`, patterned.micros[i], `by a pattern, ${side.entries} entries`),
      ),
      { key: 'patternRatio', value: patterned.growth, unit: '', label: 'by a pattern: ratio' },
      nanos('path', pathMicros(hits / 4), 'per path generalised, each new'),
      ...corpus.figures,
      { key: 'hitsPerRound', value: hits, unit: '', label: 'hits per round' },
    ],
    notes: [
      'the sizes take turns; each behaviour is a fresh object with strings never hashed before',
      'by a pattern: a quarter each files of the image, names in a data directory, siblings and drawn names, 5 000 names of which 100 were seen',
      ...corpus.notes,
    ],
  };
}

interface Costs {
  /** µs per verdict, by size: medians of the rounds. */
  readonly micros: readonly number[];
  /** Largest against smallest: the median over the rounds, so that a busy neighbour in one of them does not count. */
  readonly growth: number;
}

/** Five rounds in which the sizes take turns, after one to warm up. */
function measure(sides: readonly Side[], round: (side: Side) => number): Costs {
  for (const side of sides) round(side);
  const rounds = Array.from({ length: 5 }, () => sides.map(round));
  return {
    micros: sides.map((_, i) => median(rounds.map((r) => r[i] ?? Number.NaN))),
    growth: median(rounds.map((r) => (r.at(-1) ?? Number.NaN) / (r[0] ?? Number.NaN))),
  };
}

function nanos(key: string, micros: number | undefined, label: string): Figure {
  return { key: `${key}Nanos`, value: (micros ?? Number.NaN) * 1000, unit: 'ns', label };
}
