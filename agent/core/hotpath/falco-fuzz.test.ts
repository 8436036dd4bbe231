import { fuzzFalco } from '../../../test/fakes/falco-fuzz.ts';

fuzzFalco(20_000);
