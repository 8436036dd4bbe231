import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import { unpushedDigest } from './image-ref.ts';
import { learn } from './learn.ts';
import { parseBaseline } from './parse-fingerprint.ts';
import { canonicalSteps, mergeSteps, stepsOf } from './steps.ts';

const baseline = learn(subject, [], aboutAll);
const observed = (more: object): unknown => ({
  ...baseline,
  observation: { ...baseline.observation, ...more },
});

describe('the test steps of an observation', () => {
  it('have one form, whatever their order and repetition', () => {
    expect(
      canonicalSteps({
        ran: ['b', 'a', 'b'],
        steps: { ffffffffffff: ['d', 'c', 'b', 'a'], '000000000000': ['x'] },
      }),
    ).toEqual({ ran: ['a', 'b'], steps: { '000000000000': ['x'], ffffffffffff: ['a', 'b', 'c'] } });
  });

  it('are united when baselines are', () => {
    const a = { ran: ['a'], steps: { '000000000000': ['a'] } };
    const b = { ran: ['b'], steps: { '000000000000': ['b'], '111111111111': ['b'] } };
    const both = { ran: ['a', 'b'], steps: { '000000000000': ['a', 'b'], '111111111111': ['b'] } };
    expect(mergeSteps(a, b)).toEqual(both);
    expect(mergeSteps(b, a)).toEqual(both);
    expect(mergeSteps(a, {})).toEqual(a);
    expect(mergeSteps({}, {})).toEqual({});
  });

  it('are nobody’s for an entry nobody asked about, also one called like a method', () => {
    expect(stepsOf({ steps: {} }, 'constructor')).toEqual([]);
  });

  it.each<[string, object]>([
    ['observation.ran[0]', { ran: [''] }],
    ['observation.ran[0]', { ran: ['a\nb'] }],
    ['observation.ran[1]', { ran: ['a', 'x'.repeat(201)] }],
    ['observation.steps', { steps: [] }],
    ['observation.steps', { steps: { p1: ['a'] } }],
    ['observation.steps.000000000000', { steps: { '000000000000': [] } }],
    ['observation.steps.000000000000', { steps: { '000000000000': ['a', 'b', 'c', 'd'] } }],
    ['observation.steps.000000000000[0]', { steps: { '000000000000': [1] } }],
  ])('are refused with the field %s', (field, more) => {
    expect(() => parseBaseline(observed(more))).toThrow(expect.objectContaining({ code: 'SCHEMA', field }));
  });
});

describe('a baseline without a digest', () => {
  it('is of an image that was not pushed yet', () => {
    const { name } = subject;
    expect(parseBaseline({ ...baseline, subject: { name } }).subject).toEqual({
      name,
      digest: unpushedDigest,
    });
  });

  it('is still about something, and nothing else may be left out', () => {
    expect(() => parseBaseline({ ...baseline, subject: {} })).toThrow(/missing/);
    expect(() => parseBaseline({ ...baseline, subject: { name: 'cart', tag: '1' } })).toThrow(/not known/);
  });
});
