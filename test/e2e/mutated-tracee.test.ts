import { setImmediate as others } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TraceeTrials } from '../fakes/tracee-mutants/trial.ts';

/** Every check runs 20 000 of these with a fixed seed: test/contract/tracee-mutants.test.ts. */
const mutants = process.env.WHORL_TEST_LONG === '1' ? 1_000_000 : 20_000;
const seed = Number(process.env.WHORL_TEST_SEED ?? 4711);
/** Some 10 000 a second on a slow core; a machine that is 20 times slower still ends in time. */
const limit = 120_000 + mutants * 2;

describe('mutated messages of Tracee', () => {
  it(
    `mean to our reader what they mean to protobufjs, or are counted (${mutants}, seed ${seed})`,
    async () => {
      const trials = new TraceeTrials(seed);
      const begun = process.hrtime.bigint();
      while (trials.tally.mutants < mutants) {
        trials.run(10_000);
        // The test runner has to hear from us now and then.
        await others();
      }
      const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
      const { understood, alike, refused, keys } = trials.tally;
      console.log(`${mutants} mutants in ${seconds.toFixed(0)} s, ${Math.round(mutants / seconds)}/s`);
      console.log(
        `protobufjs read ${understood}; ${alike} alike, ${keys} keys compared; ${refused} refused by us`,
      );
      expect(trials.tally.mutants).toBe(mutants);
    },
    limit,
  );
});
