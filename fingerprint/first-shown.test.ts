import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import type { Behaviour } from './behaviour.ts';
import { diff } from './diff.ts';
import type { Baseline } from './fingerprint.ts';
import { firstShown, type Shown } from './first-shown.ts';
import { grantsOf, programId } from './grants.ts';
import { learn } from './learn.ts';
import { beforeFirstStep } from './steps.ts';

const cart = { root: 'entrypoint', lineage: ['/cart'] } as const;
const sh = { root: 'entrypoint', lineage: ['/cart', '/bin/sh'] } as const;
const runs: Behaviour = { ...cart, kind: 'exec', args: ['cart'], origin: 'image' };
const connects = (peer: string): Behaviour => ({
  ...cart,
  kind: 'connect',
  transport: 'tcp',
  peer,
  port: 443,
});
const stores = (i: number): Behaviour => ({
  ...cart,
  kind: 'open',
  path: `/data/upload-${i}`,
  access: 'create',
  origin: 'volume',
});

function recorded(shown: readonly Shown[], ran: readonly string[]): Baseline {
  const behaviours = shown.map((s) => s.behaviour);
  const { behaviour } = learn(subject, behaviours, aboutAll);
  const observation = { ...aboutAll.observation, ran, steps: firstShown(behaviour, shown) };
  return learn(subject, behaviours, { ...aboutAll, observation });
}

const start: Shown = { behaviour: runs, steps: [beforeFirstStep] };

describe('who showed an entry first', () => {
  it('is the first of several, for entries and programs', () => {
    const baseline = recorded(
      [
        start,
        { behaviour: connects('db.shop'), steps: ['login'] },
        { behaviour: connects('db.shop'), steps: ['checkout'] },
        { behaviour: { ...sh, kind: 'exec', args: ['sh', '-c', 'true'] }, steps: ['checkout'] },
      ],
      ['login', 'checkout'],
    );
    const { steps = {} } = baseline.observation;
    const told = grantsOf(baseline.behaviour).map((g) => [g.entry.kind, steps[g.id]]);
    expect(told).toEqual([
      ['arguments', [beforeFirstStep]],
      ['origin', [beforeFirstStep]],
      ['network', ['login']],
      ['arguments', ['checkout']],
    ]);
    expect(steps[programId({ root: 'entrypoint', parent: '/cart', exe: '/bin/sh' })]).toEqual(['checkout']);
    expect(Object.keys(steps)).toHaveLength(6);
  });

  it('is also known of what became part of a pattern', () => {
    const many = Array.from({ length: 30 }, (_, i) => ({ behaviour: stores(i), steps: [`test ${i}`] }));
    const baseline = recorded([start, ...many], []);
    const [pattern] = grantsOf(baseline.behaviour).filter((g) => g.entry.kind === 'file');
    expect(pattern?.entry).toMatchObject({ act: 'create', path: expect.stringMatching(/[{*]/) });
    expect(baseline.observation.steps?.[pattern?.id ?? '']).toEqual(['test 0']);
  });
});

describe('a difference between two recordings', () => {
  const before = recorded([start, { behaviour: connects('db.shop'), steps: ['login'] }], ['login', 'refund']);
  const after = recorded(
    [start, { behaviour: connects('api.stripe.com'), steps: ['checkout.e2e'] }],
    ['login', 'checkout.e2e'],
  );

  it('names the test that showed what is new, and none for what is gone', () => {
    const { changes, widens } = diff(before, after);
    expect(widens).toBe(true);
    expect(changes.map((c) => c.sentence)).toEqual([
      '`cart` now connects to `api.stripe.com:443`, first seen in test `checkout.e2e`',
      '`cart` no longer connects to `db.shop:443`',
    ]);
    expect(changes[0]?.steps).toEqual(['checkout.e2e']);
  });

  it('says which modes and tests were not tried', () => {
    expect(diff(before, after).notExercised).toEqual({
      modes: ['reload', 'rotate', 'backup', 'failover'],
      steps: ['refund'],
      sentences: [
        'not exercised: reload, rotate, backup, failover; what it does only then was not seen',
        'not run this time: test `refund`; what only they showed was not seen',
      ],
    });
  });

  it('says nothing of tests where there were none', () => {
    const learned = learn(subject, [runs], aboutAll);
    expect(diff(before, learned).notExercised).toBeUndefined();
  });

  it('tells what came before the first test, and what any of several showed', () => {
    const early = recorded([{ behaviour: connects('a.example'), steps: [beforeFirstStep] }], []);
    const both = recorded([{ behaviour: connects('a.example'), steps: ['x', 'y'] }], ['x', 'y']);
    const nothing = learn(subject, [], aboutAll);
    expect(diff(nothing, early).changes[0]?.sentence).toMatch(/, first seen before the first test$/);
    expect(diff(nothing, both).changes[0]?.sentence).toMatch(/, first seen in test `x` or `y`$/);
  });
});
