import { setImmediate as others } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Trials } from '../fakes/mutants/trial.ts';

/** Every check runs 20 000 of these with a fixed seed: test/property/envelopes.test.ts. */
const mutants = process.env.WHORL_TEST_LONG === '1' ? 1_000_000 : 20_000;
const seed = Number(process.env.WHORL_TEST_SEED ?? 4711);
/** Some 4 000 a second on a slow core; a machine that is 20 times slower still ends in time. */
const limit = 120_000 + mutants * 5;

describe('mutated envelopes', () => {
  it(
    `are never accepted with another payload, nor refused without a code (${mutants}, seed ${seed})`,
    async () => {
      const trials = new Trials(seed);
      const begun = process.hrtime.bigint();
      while (trials.tally.mutants < mutants) {
        trials.run(10_000);
        // The test runner has to hear from us now and then.
        await others();
      }
      const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
      const { accepted, codes } = trials.tally;
      const refusals = [...codes].sort(([, a], [, b]) => b - a).map(([code, n]) => `${code} ${n}`);
      console.log(`${mutants} mutants in ${seconds.toFixed(0)} s, ${Math.round(mutants / seconds)}/s`);
      console.log(`${accepted} times the signed payload was still read; refused: ${refusals.join(', ')}`);
      expect(trials.tally.mutants).toBe(mutants);
    },
    limit,
  );
});
