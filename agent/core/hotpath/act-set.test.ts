import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ActSet } from './act-set.ts';

it('holds exactly what was added', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 131_071 })), (acts) => {
      const set = new ActSet();
      for (const act of acts) set.add(act);
      for (const act of acts)
        for (const near of [act, act + 1, act ^ 32, act ^ 4_096])
          expect(set.has(near)).toBe(acts.includes(near));
    }),
  );
});
