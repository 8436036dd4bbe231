import { expect, it } from 'vitest';
import { TraceeTrials } from '../fakes/tracee-mutants/trial.ts';

/** A million of them with any seed: test/e2e/mutated-tracee.test.ts. */
const mutants = 20_000;

it(`reads ${mutants} mutated messages of Tracee as protobufjs does, or counts them`, () => {
  const trials = new TraceeTrials(4711);
  trials.run(mutants);
  const { understood, alike, refused, keys } = trials.tally;
  // Else there was nothing to compare, or nothing broken.
  expect(understood).toBeGreaterThan(mutants / 2);
  expect(alike).toBeGreaterThan(mutants / 2);
  expect(keys).toBeGreaterThan(mutants / 2);
  expect(refused).toBeGreaterThan(mutants / 20);
}, 60_000);
