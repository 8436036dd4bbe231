import { describe, expect, it } from 'vitest';
import { internalSuffixes, isPublicName } from './peer-name.ts';

describe('isPublicName', () => {
  it.each(internalSuffixes.map((s) => [s.suffix, s] as const))(
    'below .%s no stranger has a name',
    (_suffix, row) => {
      for (const name of row.examples) expect(isPublicName(name, []), name).toBe(false);
      for (const name of row.counterExamples) expect(isPublicName(name, []), name).toBe(true);
    },
  );

  it.each<[string, readonly string[], boolean]>([
    ['redis', [], false],
    ['api.example.com', [], true],
    ['db.corp.example.com', ['corp.example.com'], false],
    ['corp.example.com', ['corp.example.com'], false],
    ['evilcorp.example.com', ['corp.example.com'], true],
    ['evil.com', ['com'], true],
    ['evil.com', ['', '.'], true],
  ])('%s with the search domains %j: %s', (name, search, expected) => {
    expect(isPublicName(name, search)).toBe(expected);
  });
});
