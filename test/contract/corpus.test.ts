import { describe, expect, it } from 'vitest';
import type { Drift, Incident } from '../../fingerprint/incident.ts';
import { judgedBy, learned, recorded } from '../corpus/replay.ts';

/** Real software in three places each (bpf-fixtures/corpus/README.md): what was learned in one must hold in the others. */
const daemons = ['nginx', 'redis', 'postgres', 'node', 'python', 'java', 'cron'] as const;
const places = ['a', 'b', 'c'] as const;

const driftsOf = (incidents: readonly Incident[]): Drift[] => incidents.flatMap((i) => [...i.drifts]);

/** What the promise counts apart: programs and arguments, privileges, files, network. */
type Column = 'program' | 'privilege' | 'file' | 'network';

function columnOf({ kind }: Drift): Column {
  switch (kind) {
    case 'exec':
      return 'program';
    case 'privilege':
      return 'privilege';
    case 'load':
    case 'open':
    case 'link':
    case 'delete':
    case 'rename':
      return 'file';
    case 'connect':
    case 'listen':
    case 'resolve':
      return 'network';
  }
}

interface Pair {
  readonly daemon: string;
  readonly from: string;
  readonly to: string;
  readonly drifts: readonly Drift[];
  readonly more: number;
}

const pairs: Pair[] = daemons.flatMap((daemon) =>
  places.flatMap((from) => {
    const baseline = learned(recorded(daemon, from));
    return places
      .filter((to) => to !== from)
      .map((to) => {
        const { incidents } = judgedBy(baseline, recorded(daemon, to));
        const more = incidents.reduce((sum, i) => sum + i.more, 0);
        return { daemon, from, to, drifts: driftsOf(incidents), more };
      });
  }),
);

const count = (pair: Pair, column: Column): number =>
  pair.drifts.filter((d) => columnOf(d) === column).length;

/** The table that a change of the rules is judged by. */
function table(): string {
  const rows = pairs.map((p) =>
    [
      `${p.daemon} ${p.from} → ${p.to}`.padEnd(20),
      ...(['program', 'privilege', 'file', 'network'] as const).map((c) => `${c} ${count(p, c)}`),
      ...(p.more > 0 ? [`more ${p.more}`] : []),
    ].join('  '),
  );
  const items = pairs.flatMap((p) =>
    p.drifts.map(
      (d) => `${p.daemon} ${p.from} → ${p.to}: ${d.lineage.at(-1)} ${d.kind} ${d.subject} ${d.origin ?? ''}`,
    ),
  );
  return [...rows, ...items].join('\n');
}

describe('what was learned of a daemon in one place', () => {
  it('holds in every other', () => {
    if (process.env.WHORL_TABLE === '1') console.log(table());
    const sum = (column: Column): number => pairs.reduce((n, p) => n + count(p, column), 0);
    expect({ program: sum('program'), privilege: sum('privilege'), network: sum('network') }).toEqual({
      program: 0,
      privilege: 0,
      network: 0,
    });
    expect(sum('file') / pairs.length).toBeLessThanOrEqual(0.05);
    expect(pairs.reduce((n, p) => n + p.more, 0)).toBe(0);
  });

  it.each(daemons)('%s: is two copies and their probes, not one and an intruder', (daemon) => {
    const baseline = learned(recorded(daemon, 'a'));
    expect(new Set(baseline.behaviour.programs.map((p) => p.root))).toEqual(new Set(['entrypoint', 'probe']));
    expect(judgedBy(baseline, recorded(daemon, 'b')).instances.size).toBe(2);
  });

  it.each(daemons)('%s: learned in two places, a working hour in the third is quiet', (daemon) => {
    const baseline = learned(recorded(daemon, 'a'), recorded(daemon, 'b'));
    expect(judgedBy(baseline, recorded(daemon, 'c')).incidents.map((i) => i.sentence)).toEqual([]);
  });
});

describe('files of the image that nobody asked for before', () => {
  const nginx = learned(recorded('nginx', 'a'));
  const told = (incidents: readonly Incident[]) => incidents.map((i) => i.sentence);

  it('are what the image promised: 500 pages', () => {
    expect(told(judgedBy(nginx, recorded('nginx', 'static-files')).incidents)).toEqual([]);
  });

  it('are what the image promised: 50 modules', () => {
    const python = learned(recorded('python', 'a'));
    expect(told(judgedBy(python, recorded('python', 'modules')).incidents)).toEqual([]);
  });

  it('are told when one of them is a private key', () => {
    const { incidents } = judgedBy(nginx, recorded('nginx', 'planted-key'));
    expect(incidents).toHaveLength(1);
    expect(driftsOf(incidents).map((d) => d.subject)).toEqual([expect.stringContaining('server.key')]);
  });
});

describe('somebody who looks around in a running copy', () => {
  it.each(daemons.flatMap((d) => places.map((p) => [d, p] as const)))(
    '%s in %s: is one incident',
    (daemon, place) => {
      const baseline = learned(recorded(daemon, place));
      const { incidents } = judgedBy(baseline, recorded(daemon, `${place}.interactive`));
      expect(incidents.map((i) => i.kinds)).toEqual([expect.arrayContaining(['exec'])]);
    },
  );
});
