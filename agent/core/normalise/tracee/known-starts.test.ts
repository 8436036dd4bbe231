import { describe, expect, it } from 'vitest';
import { Recent } from '../../recent.ts';
import { KnownStarts } from './known-starts.ts';

describe('KnownStarts', () => {
  it('knows what it was told of a pid, and changes it in place', () => {
    const known = new KnownStarts();
    expect(known.find(7)).toBe(-1);
    known.set(7, 12_000_000_001, 1.7e15, 4_294_967_295);
    known.setTold(known.find(7), 1.8e15);
    const at = known.find(7);
    expect([known.start(at), known.told(at), known.uid(at)]).toEqual([12_000_000_001, 1.8e15, 4_294_967_295]);
    known.setUid(at, 3);
    expect(known.uid(known.find(7))).toBe(3);
    expect(known.find(8)).toBe(-1);
  });

  it('tells numbers apart that no pid can be', () => {
    const known = new KnownStarts();
    known.set(7 + 2 ** 32, 1, 1, 1);
    expect(known.find(7)).toBe(-1);
    expect(known.start(known.find(7 + 2 ** 32))).toBe(1);
  });

  it('forgets exactly what a map of what was used last forgets', () => {
    const known = new KnownStarts(64);
    const recent = new Recent<number, number>(64);
    let seed = 1;
    for (let i = 0; i < 50_000; i++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      // Few of many: multiples of a power of two meet in the same slots.
      const pid = 1 + ((seed >>> 8) % 90) * 4_096;
      const [at, expected] = [known.find(pid), recent.get(pid)];
      expect(at < 0 ? undefined : known.start(at)).toBe(expected);
      if ((seed >>> 20) % 3 > 0) continue;
      known.set(pid, i, i, i);
      recent.set(pid, i);
    }
  });
});
