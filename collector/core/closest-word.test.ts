import { describe, expect, it } from 'vitest';
import { closestWord } from './closest-word.ts';

const known = ['kinds', 'namespaces', 'stopsPerWorkload', 'exec', 'kill'];

describe('closestWord', () => {
  it.each<[string, string | undefined]>([
    ['kind', 'kinds'],
    ['nmaespaces', 'namespaces'],
    ['name-spaces', 'namespaces'],
    ['STOPS_PER_WORKLOAD', 'stopsPerWorkload'],
    ['exce', 'exec'],
    ['kilt', 'kill'],
    ['mill', 'kill'],
    ['zebra', undefined],
    ['', undefined],
    ['k', undefined],
    ['x'.repeat(100_000), undefined],
  ])('%s', (given, meant) => {
    expect(closestWord(given, known)).toBe(meant);
  });
});
