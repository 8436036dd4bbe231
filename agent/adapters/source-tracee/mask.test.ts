import { describe, expect, it } from 'vitest';
import { maskFor } from './mask.ts';

describe('a mask', () => {
  it.each(['v0.22.5', 'v0.23.2', 'v0.24.0', 'v0.24.1', '0.24.1'])('is ours alone in %s', (version) => {
    expect(maskFor(version)).toContain('data');
  });

  it.each([
    'v0.20.0',
    'v0.22.4',
    'v0.24.2',
    'v0.25.0',
    'v1.0.0',
    'v0.24.1-93-g1a2b3c4',
    'v0.24.1-rc.1',
    'main',
    '',
  ])('is not asked for of %j', (version) => {
    expect(maskFor(version)).toEqual([]);
  });
});
