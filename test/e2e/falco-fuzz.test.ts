import { fuzzFalco } from '../fakes/falco-fuzz.ts';

// In CI a part of it, besides the 20 000 of agent/core/hotpath/falco-fuzz.test.ts.
fuzzFalco(process.env.WHORL_TEST_LONG === '1' ? 1_000_000 : 5_000);
