import { describe, it } from 'vitest';
import { fuzzFalco } from '../fakes/falco-fuzz.ts';

if (process.env.WHORL_TEST_LONG === '1') fuzzFalco(1_000_000);
else
  describe('a million damaged alerts of Falco', () =>
    it.skip('only in npm run test:long; 20 000 of them always'));
