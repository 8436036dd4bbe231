import type { Behaviour } from '../fingerprint/behaviour.ts';
import { behaviourKinds } from '../fingerprint/event.ts';
import { generalise } from '../fingerprint/generalise.ts';
import { indexBehaviour } from '../fingerprint/index-behaviour.ts';
import { judge } from '../fingerprint/judge.ts';
import { learn } from '../fingerprint/learn.ts';
import type { BenchOptions, BenchResult } from './result.ts';
import { cpuMicros, median, seededRandom, shuffle } from './statistics.ts';

const known = { pod: 'cart-7d9c6b5f4-x2k8p', address: '10.0.0.7', hostname: 'cart-7d9c6b5f4-x2k8p' };
const program = { root: 'entrypoint', lineage: ['/usr/local/bin/node'] } as const;

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

/** Letters only: digits would be generalised and 10 000 entries would become few. */
function word(i: number): string {
  let out = '';
  for (let rest = i + 1; rest > 0; rest = Math.floor(rest / 21)) out += 'bcdfghjklmnpqrstvwxyz'[rest % 21];
  return `${out}a`;
}

/** As it comes from a source: strings nobody has hashed yet, so that the price of the first look is inside. */
function fresh(b: Behaviour): Behaviour {
  return JSON.parse(JSON.stringify(b));
}

/** One side of the ratio: a fingerprint of `size` entries and the hits to be judged against it. */
function prepare(size: number, hits: number) {
  const seen = Array.from({ length: size }, (_, i) => behaviourAt(i));
  const baseline = learn(
    { name: 'registry.example/shop/cart', digest: `sha256:${'a'.repeat(64)}` },
    seen.map((b) => generalise(b, known)),
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
  const random = seededRandom(size);
  const order = shuffle(
    Array.from({ length: hits }, (_, i) => i % size),
    random,
  );
  return {
    entries: baseline.behaviour.programs.reduce((n, p) => n + p.files.length + p.network.length, 0),
    round(): number {
      const input = order.map((i) => fresh(seen[i] ?? behaviourAt(i)));
      let expected = 0;
      const cpu = cpuMicros(() => {
        for (const b of input) if (judge(generalise(b, known), index).kind === 'expected') expected++;
      });
      if (expected !== hits)
        throw new Error(`${hits - expected} of ${hits} learned behaviours were not expected`);
      return cpu / hits;
    },
  };
}

/** Does a verdict get dearer when a fingerprint grows? */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const hits = quick ? 40_000 : 100_000;
  const small = prepare(100, hits);
  const large = prepare(10_000, hits);
  small.round();
  large.round();
  const rounds = Array.from({ length: 5 }, () => ({ small: small.round(), large: large.round() }));
  const smallCost = median(rounds.map((r) => r.small));
  const largeCost = median(rounds.map((r) => r.large));
  return {
    name: 'judge-growth',
    measures:
      'generalise + judge on a fingerprint of 10 000 entries against one of 100, shuffled hits, CPU, median of 5',
    ratio: largeCost / smallCost,
    bar: { better: 'smaller', value: 1.3 },
    figures: [
      { key: 'smallMicros', value: smallCost, unit: 'µs', label: `per verdict, ${small.entries} entries` },
      { key: 'largeMicros', value: largeCost, unit: 'µs', label: `per verdict, ${large.entries} entries` },
      { key: 'smallEntries', value: small.entries, unit: '', label: 'entries, small' },
      { key: 'largeEntries', value: large.entries, unit: '', label: 'entries, large' },
      { key: 'hitsPerRound', value: hits, unit: '', label: 'hits per round' },
    ],
    notes: ['both sides alternate; each behaviour is a fresh object with strings never hashed before'],
  };
}
