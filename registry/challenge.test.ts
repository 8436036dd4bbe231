import { expect, it } from 'vitest';
import { parseChallenges } from './challenge.ts';

it.each([
  ['Basic realm="registry"', [{ scheme: 'basic', parameters: { realm: 'registry' } }]],
  [
    'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"',
    [
      {
        scheme: 'bearer',
        parameters: {
          realm: 'https://auth.example/token',
          service: 'registry.example',
          scope: 'repository:a/b:pull,push',
        },
      },
    ],
  ],
  [
    'Bearer realm=https://a.example/t , Basic realm="x \\"y\\""',
    [
      { scheme: 'bearer', parameters: { realm: 'https://a.example/t' } },
      { scheme: 'basic', parameters: { realm: 'x "y"' } },
    ],
  ],
  ['Negotiate', [{ scheme: 'negotiate', parameters: {} }]],
  ['', []],
  ['realm="no scheme"', []],
])('%s', (header, expected) => {
  expect(parseChallenges(header)).toEqual(expected);
});

it('reads a hostile header in no time', () => {
  expect(parseChallenges(`Bearer ${'a=" '.repeat(100_000)}`).length).toBeLessThan(2000);
});
