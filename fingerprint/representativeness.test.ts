import { describe, expect, it } from 'vitest';
import type { Behaviour } from './behaviour.ts';
import type { ExerciseMode, Expectation } from './fingerprint.ts';
import { ProgramSet } from './program-set.ts';
import { missingModes, unmetExercises } from './representativeness.ts';

const db = { root: 'entrypoint', lineage: ['/usr/bin/postgres'] } as const;
const set = new ProgramSet();
const behaviours: Behaviour[] = [
  { ...db, kind: 'exec', args: ['postgres', '-D', '/data'] },
  { ...db, kind: 'open', path: '/data/PG_VERSION', access: 'read' },
  { ...db, kind: 'listen', transport: 'tcp', port: 5432 },
  { ...db, kind: 'connect', transport: 'tcp', peer: 'standby', port: 5432 },
  { ...db, kind: 'resolve', name: 'standby' },
];
for (const b of behaviours) set.addBehaviour(b);
const behaviour = set.toSet();

describe('unmetExercises', () => {
  it.each<[Expectation, string | undefined]>([
    [{ do: 'exec', exe: '/usr/bin/postgres' }, undefined],
    [{ do: 'exec', exe: '/usr/bin/postgres', args: ['postgres', '-D', '/data'] }, undefined],
    [
      { do: 'exec', exe: '/usr/bin/postgres', args: ['postgres', '--single'] },
      'postgres --single did not run',
    ],
    [{ do: 'exec', exe: '/usr/bin/pg_dump' }, '/usr/bin/pg_dump did not run'],
    [{ do: 'open', path: '/data/PG_VERSION', access: 'read' }, undefined],
    [{ do: 'open', path: '/data/PG_VERSION', access: 'write' }, '/data/PG_VERSION was not opened to write'],
    [{ do: 'connect', peer: 'standby' }, undefined],
    [{ do: 'connect', peer: 'standby', port: 1 }, 'nothing connected to standby:1'],
    [{ do: 'listen', transport: 'tcp', port: 5432 }, undefined],
    [{ do: 'listen', transport: 'udp', port: 5432 }, 'nothing listened on udp port 5432'],
    [{ do: 'resolve', name: 'standby' }, undefined],
    [{ do: 'resolve', name: 'primary' }, 'nothing asked for primary'],
  ])('of %j says %s', (expectation, said) => {
    const unmet = unmetExercises([{ mode: 'failover', expects: [expectation] }], behaviour, []);
    expect(unmet.map((u) => u.sentence)).toEqual(
      said === undefined ? [] : [`failover was not seen: ${said}`],
    );
  });

  it.each<[ExerciseMode, readonly ExerciseMode[], number]>([
    ['start', [], 1],
    ['start', ['start'], 0],
    ['shutdown', ['start'], 1],
    // It listens.
    ['load', [], 0],
    // Nothing by which it could be told was declared.
    ['failover', [], 0],
  ])('takes a bare %s with %j seen as it can', (mode, modes, count) => {
    expect(unmetExercises([{ mode, expects: [] }], behaviour, modes)).toHaveLength(count);
  });
});

describe('missingModes', () => {
  it('names what shows no sign', () => {
    expect(missingModes(behaviour, ['start'])).toEqual([
      'reload',
      'rotate',
      'backup',
      'failover',
      'shutdown',
    ]);
  });

  it('takes a log that was renamed for a rotation', () => {
    const rotating = new ProgramSet();
    rotating.addBehaviour({ ...db, kind: 'rename', path: '/var/log/db.log', to: '/var/log/db.log.{num}' });
    expect(missingModes(rotating.toSet(), [])).not.toContain('rotate');
  });
});
