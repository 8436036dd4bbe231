import { describe, expect, it } from 'vitest';
import { aboutAll, aboutEverything, subject } from '../test/fakes/behaviours.ts';
import { signOptions } from '../test/fakes/trust.ts';
import type { Baseline, FileEntry, NetworkEntry } from './fingerprint.ts';
import { learn } from './learn.ts';
import { parseBaseline } from './parse-fingerprint.ts';
import { parseStatement, statementBytes } from './statement.ts';

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const scope = aboutEverything.scope;
const good = learn(
  subject,
  [{ root: 'entrypoint', lineage: ['/app'], kind: 'exec', args: ['app'], origin: 'image' }],
  aboutEverything,
);
const withEntries = (more: { files?: FileEntry[]; network?: NetworkEntry[] }): Baseline => ({
  ...good,
  behaviour: { programs: good.behaviour.programs.map((p) => ({ ...p, ...more })) },
});

describe('all members of a baseline', () => {
  it('come back unchanged from JSON', () => expect(parseBaseline(json(good))).toEqual(good));

  it('come back unchanged from a statement, which names what its reader must know', () => {
    const payload = statementBytes(good, signOptions);
    const { format: _format, ...known } = good;
    expect(parseStatement(payload).fingerprint).toEqual({ ...known, ...signOptions });
    const { spec } = JSON.parse(new TextDecoder().decode(payload)).predicate;
    expect(spec).toEqual({
      critical: ['coverage', 'parameters', 'phases', 'removed', 'scope'],
      minReader: 1,
    });
  });

  it('may be absent, and then no reader needs to know them', () => {
    const payload = statementBytes(learn(subject, [], { ...aboutAll, coverage: ['exec'] }), signOptions);
    expect(JSON.parse(new TextDecoder().decode(payload)).predicate.spec.critical).toEqual([]);
  });

  it('with a pattern among them need a reader that knows patterns', () => {
    const payload = statementBytes(
      withEntries({ files: [{ path: '/usr/{image}', access: ['read'] }] }),
      signOptions,
    );
    const { critical } = JSON.parse(new TextDecoder().decode(payload)).predicate.spec;
    expect(critical).toContain('patterns');
  });

  it('are brought into one form', () => {
    const both = parseBaseline(json({ ...good, phases: ['steady', 'start'] }));
    expect(both.phases).toBeUndefined();
    const shuffled = parseBaseline(
      json({
        ...good,
        parameters: good.parameters?.toReversed(),
        representativeness: good.representativeness?.map((e) => ({ ...e, expects: e.expects.toReversed() })),
      }),
    );
    expect(shuffled).toEqual(good);
  });

  it.each<[string, object]>([
    ['phases', { phases: [] }],
    ['phases[0]', { phases: ['night'] }],
    ['scope.owner', { scope: { ...scope, owner: undefined } }],
    ['scope.subject', { scope: { ...scope, subject } }],
    ['scope.cluster', { scope: { ...scope, cluster: 'a\nb' } }],
    ['parameters[0].kind', { parameters: [{ kind: 'peer', name: 'a', what: '' }] }],
    ['parameters[0].name', { parameters: [{ kind: 'site', name: 'A b', what: '' }] }],
    [
      'parameters[1].name',
      {
        parameters: [
          { kind: 'site', name: 'a', what: '' },
          { kind: 'site', name: 'a', what: 'x' },
        ],
      },
    ],
    ['representativeness[0].mode', { representativeness: [{ mode: 'sleep', expects: [] }] }],
    [
      'representativeness[0].expects[0].path',
      { representativeness: [{ mode: 'load', expects: [{ do: 'open', access: 'read' }] }] },
    ],
    ['removed.programs[0].colour', { removed: { programs: [{ ...good.removed?.programs[0], colour: 1 }] } }],
    ['removed.colour', { removed: { programs: [], colour: 1 } }],
    [
      'observation.inherited.from',
      { observation: { ...good.observation, inherited: { from: 'x', programs: [] } } },
    ],
  ])('are refused with the field %s', (field, change) => {
    expect(() => parseBaseline(json({ ...good, ...change }))).toThrow(
      expect.objectContaining({ code: 'SCHEMA', field }),
    );
  });
});

describe('patterns and parameters', () => {
  it.each<FileEntry>([
    { path: '/usr/{image}', access: ['map', 'read'] },
    { path: '/data/{any}', access: ['create', 'delete', 'read', 'write'] },
    { path: '/data/{any}', access: ['rename'], to: '/data/{any}' },
    { path: '/data/tmp-{digits}', access: ['rename'], to: '/data/final' },
    { path: '/var/log/app-{letters}.log', access: ['write'] },
    { path: '{volume:data}/app.conf', access: ['read'] },
    { path: '{volume:data}/**', access: ['create', 'write'] },
    { path: '{volume:data}/x/{any}', access: ['write'] },
    { path: '{volume:data}/**', access: ['rename'], to: '{volume:data}/**' },
    { path: '/data/{num}', access: ['read'] },
    { path: '/data/a{b}', access: ['read'] },
  ])('are read: %j', (file) => {
    const baseline = withEntries({ files: [file] });
    expect(parseBaseline(json(baseline))).toEqual(baseline);
  });

  it.each<[string, FileEntry]>([
    ['path', { path: '/{any}', access: ['read'] }],
    ['path', { path: '/{image}', access: ['read'] }],
    ['path', { path: '/{num}/{any}', access: ['read'] }],
    ['path', { path: '/usr/lib/{image}', access: ['read'] }],
    ['path', { path: '/{any}/x', access: ['read'] }],
    ['path', { path: '/srv/{letters}/x', access: ['read'] }],
    ['path', { path: '/srv/**', access: ['read'] }],
    ['path', { path: '/srv/x{any}', access: ['read'] }],
    ['path', { path: '{volume:data}/{image}', access: ['read'] }],
    ['path', { path: '{volume:other}/x', access: ['read'] }],
    ['path', { path: '{volume:data}', access: ['read'] }],
    ['path', { path: '{site:database}/x', access: ['read'] }],
    ['path', { path: '/root/.ssh/{any}', access: ['read'] }],
    ['path', { path: '/srv/tls/{letters}.key', access: ['read'] }],
    ['access', { path: '/usr/{image}', access: ['write'] }],
    ['access', { path: '/data/{any}', access: ['load'] }],
    ['access', { path: '/data/{any}', access: ['link'], to: '/data/{any}' }],
    ['access', { path: '{volume:data}/x.so', access: ['load'] }],
    ['origin', { path: '/data/{any}', access: ['read'], origin: 'volume' }],
    ['to', { path: '/data/{any}', access: ['rename'], to: '/data/x' }],
    ['to', { path: '/data/x', access: ['rename'], to: '/data/{any}' }],
    ['to', { path: '{volume:data}/**', access: ['rename'], to: '/etc/{any}' }],
  ])('are refused with the field %s: %j', (member, file) => {
    expect(() => parseBaseline(json(withEntries({ files: [file] })))).toThrow(
      expect.objectContaining({ code: 'SCHEMA', field: `behaviour.programs[0].files[0].${member}` }),
    );
  });

  it.each<[string, NetworkEntry]>([
    ['peer', { do: 'connect', transport: 'tcp', peer: '{site:other}', port: 1 }],
    ['peer', { do: 'connect', transport: 'tcp', peer: '{volume:data}', port: 1 }],
    ['peer', { do: 'connect', transport: 'unix', peer: '/run/{any}', port: 0 }],
    ['name', { do: 'resolve', name: '{site:other}' }],
  ])('of peers are refused with the field %s: %j', (member, entry) => {
    expect(() => parseBaseline(json(withEntries({ network: [entry] })))).toThrow(
      expect.objectContaining({ code: 'SCHEMA', field: `behaviour.programs[0].network[0].${member}` }),
    );
  });
});
