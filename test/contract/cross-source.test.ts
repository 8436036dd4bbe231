import { describe, expect, it } from 'vitest';
import { behaviourDigest } from '../../fingerprint/behaviour-digest.ts';
import type { Baseline, BehaviourSet, FileAct, Program } from '../../fingerprint/fingerprint.ts';
import type { Drift } from '../../fingerprint/incident.ts';
import {
  type FalcoVersion,
  falcoShop,
  judgedBy,
  learnedFrom,
  type Seen,
  sensorShop,
  type Workload,
} from '../corpus/cross-source/recordings.ts';

/**
 * The same software, seen by Falco somewhere and by the sensor here (bpf-fixtures/cross-source/README.md): what was
 * learned from one must hold for the other. Where it does not, the table says what it is that one of them cannot see.
 */
const workloads: readonly Workload[] = ['web', 'cache'];
const versions: readonly FalcoVersion[] = ['0.40.0', '0.43.1'];

interface Pair {
  readonly version: FalcoVersion;
  readonly workload: Workload;
  readonly falco: Seen;
  readonly sensor: Seen;
  readonly ofFalco: Baseline;
  readonly ofSensor: Baseline;
}

const pairs: readonly Pair[] = (
  await Promise.all(
    versions.map(async (version) => {
      const shop = await falcoShop(version);
      return workloads.map((workload) => {
        const [falco, sensor] = [shop(workload), sensorShop(workload)];
        return {
          version,
          workload,
          falco,
          sensor,
          ofFalco: learnedFrom(falco),
          ofSensor: learnedFrom(sensor),
        };
      });
    }),
  )
).flat();

const driftsOf = (baseline: Baseline, seen: Seen): readonly Drift[] =>
  judgedBy(baseline, seen).incidents.flatMap((i) => [...i.drifts]);

const directions = pairs.flatMap(({ version, workload, falco, sensor, ofFalco, ofSensor }) => [
  { way: `${workload}: Falco ${version} → sensor`, baseline: ofFalco, seen: sensor },
  { way: `${workload}: sensor → Falco ${version}`, baseline: ofSensor, seen: falco },
]);

/** Why one source tells what the other does not. */
const classes = {
  'command line':
    'Falco tells the command line; where one argument ends it says from 0.41 on, when the rules print `proc.args[0]` …; judged as the same',
  'name asked for':
    'Falco tells the name that was asked for, the sensor the file behind it: a link of the image; judged by the class of image reads',
  'code mapped': 'Falco does not tell what is mapped as code: `load` is not in its coverage and not judged',
  'refused connect':
    'where a refused connect to a socket was to go, Falco tells nowhere (0.40), or in `evt.arg.addr` alone, which these rules did not print',
} as const;
type Class = keyof typeof classes;

interface Difference {
  readonly side: 'Falco' | 'sensor';
  readonly program: string;
  readonly what: string;
}

const explained: readonly (readonly [Class, (d: Difference) => boolean])[] = [
  ['command line', ({ what }) => /^exec nginx .* -g daemon off;$/.test(what)],
  ['name asked for', ({ side, what }) => side === 'Falco' && what === 'read /etc/localtime'],
  ['name asked for', ({ side, what }) => side === 'sensor' && what === 'read /etc/ssl/openssl.cnf'],
  ['code mapped', ({ side, what }) => side === 'sensor' && what.startsWith('load /usr/lib/')],
  ['refused connect', ({ side, what }) => side === 'sensor' && what === 'connect unix /var/run/nscd/socket'],
];

const classOf = (d: Difference): Class | 'unexplained' =>
  explained.find(([, applies]) => applies(d))?.[0] ?? 'unexplained';

function entriesOf({ behaviour }: Baseline): ReadonlyMap<string, Omit<Difference, 'side'>> {
  const rows = behaviour.programs.flatMap((p) => {
    const program = `${p.root} ${p.exe}`;
    const whats = [
      ...p.args.map((args) => [`exec ${args.join(' ')}`, JSON.stringify(args)] as const),
      ...p.origins.map((origin) => [`origin ${origin}`] as const),
      ...p.files.flatMap((f) =>
        f.access.map((act) => [`${act} ${[f.path, f.to, f.origin].filter(Boolean).join(' ')}`] as const),
      ),
      ...p.network.map(
        (n) =>
          [
            Object.values(n)
              .filter((v) => v !== 0)
              .join(' '),
          ] as const,
      ),
      ...p.privileges.map((x) => [Object.values(x).join(' ')] as const),
    ];
    return whats.map(([what, exact = what]) => [`${program}\0${exact}`, { program, what }] as const);
  });
  return new Map(rows);
}

function differences({ ofFalco, ofSensor }: Pair): Difference[] {
  const [falco, sensor] = [entriesOf(ofFalco), entriesOf(ofSensor)];
  return [
    ...[...falco].flatMap(([key, d]) => (sensor.has(key) ? [] : [{ side: 'Falco' as const, ...d }])),
    ...[...sensor].flatMap(([key, d]) => (falco.has(key) ? [] : [{ side: 'sensor' as const, ...d }])),
  ];
}

describe('what was learned from one source and is judged by the other', () => {
  it.each(directions)('$way: programs, arguments and privileges are the same', ({ baseline, seen }) => {
    const kinds = driftsOf(baseline, seen).map((d) => d.kind);
    expect(kinds.filter((kind) => kind === 'exec' || kind === 'privilege')).toEqual([]);
  });

  it.each(directions)('$way: drifts in nothing but what Falco cannot tell', ({ way, baseline, seen }) => {
    const told = driftsOf(baseline, seen).map((d) => `${d.kind} ${d.subject}`);
    expect(told).toEqual(/^web: Falco/.test(way) ? ['connect /var/run/nscd/socket'] : []);
  });

  it.each(pairs)(
    '$workload, Falco $version: is one copy, and for the cache its probes',
    ({ falco, sensor, ofFalco, ofSensor, workload }) => {
      for (const baseline of [ofFalco, ofSensor])
        expect(new Set(baseline.behaviour.programs.map((p) => p.root))).toEqual(
          new Set(workload === 'cache' ? ['entrypoint', 'probe'] : ['entrypoint']),
        );
      expect([judgedBy(ofSensor, falco), judgedBy(ofFalco, sensor)].map((o) => o.instances.size)).toEqual([
        1, 1,
      ]);
    },
  );
});

/** A part of what was learned: no more of each program than `keep` leaves. */
function part(set: BehaviourSet, keep: (p: Program) => Partial<Program>): BehaviourSet {
  const nothing = { args: [], env: [], origins: [], files: [], network: [], privileges: [] };
  return { programs: set.programs.map((p) => ({ ...p, ...nothing, ...keep(p) })) };
}

const changes: ReadonlySet<FileAct> = new Set(['write', 'create', 'delete', 'rename', 'link']);
const words = (args: readonly string[]): string[] => args.flatMap((arg) => arg.split(' '));

describe('the behaviour digest is the same from both, where both see all', () => {
  it.each<[string, (p: Program) => Partial<Program>]>([
    [
      'programs, their starters, origins and words',
      (p) => ({ args: p.args.map(words), env: p.env, origins: p.origins }),
    ],
    [
      'files that are changed',
      ({ files }) => ({ files: files.filter((f) => f.access.every((act) => changes.has(act))) }),
    ],
    [
      'listeners, and peers over networks',
      ({ network }) => ({ network: network.filter((n) => n.do !== 'connect' || n.transport !== 'unix') }),
    ],
    ['privileges', ({ privileges }) => ({ privileges })],
  ])('%s', (_name, keep) => {
    for (const { ofFalco, ofSensor } of pairs) {
      const [a, b] = [part(ofFalco.behaviour, keep), part(ofSensor.behaviour, keep)];
      expect(a).toEqual(b);
      expect(behaviourDigest(a)).toBe(behaviourDigest(b));
    }
  });

  it('arguments to the letter, where none holds a blank', () => {
    const cache = pairs.filter(({ workload }) => workload === 'cache');
    const exact = ({ args }: Program): Partial<Program> => ({ args });
    for (const { ofFalco, ofSensor } of cache)
      expect(behaviourDigest(part(ofFalco.behaviour, exact))).toBe(
        behaviourDigest(part(ofSensor.behaviour, exact)),
      );
  });
});

describe('every entry that only one of them shows', () => {
  const all = pairs.flatMap((pair) => differences(pair).map((d) => ({ ...pair, ...d, because: classOf(d) })));

  it('is explained', () => {
    expect(
      all.filter((d) => d.because === 'unexplained').map((d) => `${d.side}: ${d.program} ${d.what}`),
    ).toEqual([]);
  });

  it('by no explanation that explains nothing', () => {
    const used = explained.filter(([, applies]) => all.some(applies));
    expect(used).toHaveLength(explained.length);
  });

  it('stands in the table', async () => {
    const versionsOf = new Map<string, FalcoVersion[]>();
    for (const { workload, version, side, program, what, because } of all) {
      const row = `| ${workload} | ${side} | \`${program}\` | \`${what}\` | ${because} |`;
      versionsOf.set(row, [...(versionsOf.get(row) ?? []), version]);
    }
    const table = [
      'Made by `test/contract/cross-source.test.ts`.',
      '',
      ...Object.entries(classes).map(([name, why]) => `- **${name}**: ${why}.`),
      '',
      '| Workload | Told by | Program | Entry | Class | Falco |',
      '|---|---|---|---|---|---|',
      ...[...versionsOf].map(([row, seen]) => `${row} ${seen.join(', ')} |`).sort(),
    ];
    const golden = new URL('../../bpf-fixtures/cross-source/differences.md', import.meta.url).pathname;
    await expect(`${table.join('\n')}\n`).toMatchFileSnapshot(golden);
  });
});
