import { describe, expect, it } from 'vitest';
import { failureWords } from './failure-words.ts';

describe('why there is no connection to the collector', () => {
  it.each([
    [
      'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:7443. Resolution note: ',
      'connect ECONNREFUSED 127.0.0.1:7443',
    ],
    [
      'No connection established. Last error: self-signed certificate in certificate chain. Resolution note: x',
      'self-signed certificate in certificate chain',
    ],
    ['the collector ends', 'the collector ends'],
    ['a \u001b[2J server', 'a \\x1b[2J server'],
  ])('%j', (details, said) => {
    expect(failureWords(details)).toBe(said);
  });
});
