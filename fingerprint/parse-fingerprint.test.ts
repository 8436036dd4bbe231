import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aboutAll, arbBehaviour, subject } from '../test/fakes/behaviours.ts';
import { learn } from './learn.ts';
import { parseBaseline } from './parse-fingerprint.ts';

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('baselines', () => {
  it('come back unchanged', () => {
    fc.assert(
      fc.property(fc.array(arbBehaviour, { maxLength: 20 }), (bs) => {
        const baseline = learn(subject, bs, aboutAll);
        expect(parseBaseline(json(baseline))).toEqual(baseline);
      }),
    );
  });

  const actor = { root: 'entrypoint', lineage: ['/sh', '/app'] } as const;
  const good = learn(subject, [{ ...actor, kind: 'open', path: '/a', access: 'read' }], aboutAll);
  const program = (i: number, change: object): unknown => ({
    ...good,
    behaviour: { programs: good.behaviour.programs.map((p, k) => (k === i ? { ...p, ...change } : p)) },
  });

  it.each<[string, unknown]>([
    ['format', { ...good, format: 'x' }],
    ['extra', { ...good, extra: 1 }],
    ['subject.digest', { ...good, subject: { name: 'a', digest: 'sha256:AB' } }],
    ['coverage[0]', { ...good, coverage: ['dance'] }],
    ['rules.generaliser', { ...good, rules: { ...good.rules, generaliser: 0 } }],
    ['observation.startedAt', { ...good, observation: { ...good.observation, startedAt: 'now' } }],
    ['behaviour.programs[1].id', program(1, { id: 'p0' })],
    ['behaviour.programs[1].parents[0]', program(1, { parents: ['p7'] })],
    ['behaviour.programs[1].parents[0]', program(1, { parents: ['#entrypoint'] })],
    ['behaviour.programs[1].parents[0]', program(1, { parent: '/other' })],
    ['behaviour.programs[0].parents[0]', program(0, { parents: ['#interactive'] })],
    ['behaviour.programs[0].colour', program(0, { colour: 1 })],
    ['behaviour.programs[1].files[0]', program(1, { files: [{ path: '/a', access: ['read'], to: '/b' }] })],
    ['behaviour.programs[1].files[0]', program(1, { files: [{ path: '/a', access: ['link'] }] })],
    ['behaviour.programs[1].files[0].access', program(1, { files: [{ path: '/a', access: [] }] })],
    [
      'behaviour.programs[1].files[0].origin',
      program(1, { files: [{ path: '/a', access: ['read'], origin: 'image' }] }),
    ],
    ['behaviour.programs[1].network[0].name', program(1, { network: [{ do: 'resolve' }] })],
  ])('are refused with the field %s', (field, value) => {
    expect(() => parseBaseline(value)).toThrow(expect.objectContaining({ code: 'SCHEMA', field }));
  });

  it('are refused when they hold too much', () => {
    const args = Array.from({ length: 15_000 }, (_, i) => [String(i)]);
    expect(() =>
      parseBaseline(program(1, { args, files: args.map(([a]) => ({ path: `/${a}`, access: ['read'] })) })),
    ).toThrow(expect.objectContaining({ code: 'TOO_LARGE', field: 'behaviour' }));
  });
});
