import { describe, expect, it } from 'vitest';
import { expanded } from './expand.ts';

const env = [
  { name: 'PORT', value: '8080' },
  { name: 'NESTED', value: '$(PORT)' },
  { name: 'ELSEWHERE', valueFrom: { secretKeyRef: {} } },
];

describe('the command of a probe', () => {
  it.each([
    ['curl :$(PORT)/', 'curl :8080/'],
    ['$(PORT)$(PORT)', '80808080'],
    ['$(NESTED)', '$(PORT)'],
    ['[$(ELSEWHERE)]', '[]'],
    ['$(MISSING) $(PORT)', '$(MISSING) 8080'],
    ['$$(PORT) $$$(PORT) $$$$', '$(PORT) $8080 $$'],
    ['$PORT $ $', '$PORT $ $'],
    ['$(PORT', '$(PORT'],
    ['$($(PORT)', '$($(PORT)'],
    ['$(PORT) $(PORT $$', '8080 $(PORT $'],
    ['', ''],
  ])('%s is started as %s', (text, started) => {
    expect(expanded([text], env, 1_000)).toEqual([started]);
  });

  it('has no more than it may have, whatever a few short names bring in', () => {
    const long = [{ name: 'A', value: 'x'.repeat(1_000_000) }];
    expect(expanded(['$(A)'.repeat(4_000)], long, 16_384)).toBeUndefined();
    expect(expanded(['a'.repeat(10), 'b'.repeat(10)], [], 19)).toBeUndefined();
    expect(expanded(['a'.repeat(10), 'b'.repeat(10)], [], 20)).toHaveLength(2);
  });

  it('is read once, however many names in it never end', () => {
    const endless = '$('.repeat(500_000);
    expect(expanded([endless], env, endless.length)).toEqual([endless]);
    expect(expanded([`)${endless}`], env, endless.length + 1)).toEqual([`)${endless}`]);
  });
});
