import { describe, expect, it } from 'vitest';
import type { Drift } from '../../fingerprint/incident.ts';
import { judgedBy, learned, recorded } from '../corpus/replay.ts';

/**
 * Software that the rules were not made on, in the corpus's three places (bpf-fixtures/held-out/README.md). What is
 * stated here was measured once, before anybody looked at it, and is no promise: a change of the rules that moves a
 * number states the new one, and says that it was made with these at hand.
 */
const places = ['a', 'b', 'c'] as const;

interface Measured {
  /** Programs, arguments, privileges, peers, listeners and names, over all pairs of places. */
  readonly others: number;
  /** File items over all pairs. */
  readonly files: number;
  readonly incidents: number;
}

const measured: Readonly<Record<string, Measured>> = {
  squid: { others: 0, files: 0, incidents: 0 },
  // 28 file items in 10 incidents before drawn names were known by their place, a rule that was made with these at hand.
  lighttpd: { others: 0, files: 0, incidents: 0 },
  // Recorded after that rule, and nothing was changed for it; without the rule 512 in 82.
  rsync: { others: 0, files: 0, incidents: 0 },
};

const files: ReadonlySet<Drift['kind']> = new Set(['load', 'open', 'link', 'delete', 'rename']);

function judgedEverywhere(daemon: string): { drifts: readonly Drift[]; more: number; incidents: number } {
  const recordings = new Map(places.map((place) => [place, recorded(daemon, place, 'held-out')]));
  const incidents = [...recordings].flatMap(([from, recording]) => {
    const baseline = learned(recording);
    const others = [...recordings].filter(([to]) => to !== from);
    return others.flatMap(([, there]) => [...judgedBy(baseline, there).incidents]);
  });
  return {
    drifts: incidents.flatMap((i) => [...i.drifts]),
    more: incidents.reduce((sum, i) => sum + i.more, 0),
    incidents: incidents.length,
  };
}

describe.each(Object.entries(measured))(
  '%s, learned in one place and judged in another',
  (daemon, stated) => {
    const { drifts, more, incidents } = judgedEverywhere(daemon);

    it('drifts as often as stated', () => {
      const inFiles = drifts.filter((d) => files.has(d.kind));
      expect({ others: drifts.length - inFiles.length, files: inFiles.length, incidents, more }).toEqual({
        ...stated,
        more: 0,
      });
    });
  },
);
