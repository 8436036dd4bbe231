import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { severities } from '../../fingerprint/incident.ts';
import { Allowance, Folded, maxFolded, rankOf } from './flood.ts';

const limits = { perSecond: 200, burst: 5_000 };

/** How many of these go their way when so many of them come in one moment. */
function passing(
  severity: (typeof severities)[number],
  records: number,
  now = 0,
  allowance = new Allowance(limits, 0),
) {
  let passed = 0;
  for (let i = 0; i < records; i++) if (allowance.take(severity, now)) passed += 1;
  return passed;
}

describe('what one agent may report', () => {
  it.each([
    ['low', 2_500],
    ['medium', 2_500],
    ['high', 4_000],
    ['critical', 5_000],
  ] as const)('at once, %s: %i records', (severity, most) => {
    expect(passing(severity, 10_000)).toBe(most);
  });

  it('in the long run is as much as the limit says', () => {
    const allowance = new Allowance(limits, 0);
    let passed = 0;
    for (let ms = 0; ms < 60_000; ms += 10) passed += passing('low', 100, ms, allowance);
    expect(passed).toBeLessThanOrEqual(2_500 + 60 * 200);
    expect(passed).toBeGreaterThan(60 * 200);
  });

  it('keeps room for what is graver while it floods with what is not', () => {
    const allowance = new Allowance(limits, 0);
    passing('low', 100_000, 0, allowance);
    expect(passing('critical', 100, 0, allowance)).toBe(100);
  });

  it('is calm again after a while of quiet, and not before', () => {
    const allowance = new Allowance(limits, 0);
    passing('low', 100_000, 0, allowance);
    expect([allowance.isCalm(0), allowance.isCalm(1_000), allowance.isCalm(10_000)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('is not more because a clock stands still', () => {
    const allowance = new Allowance(limits, 5_000);
    passing('critical', 5_000, 5_000, allowance);
    expect(passing('critical', 10, 4_000, allowance)).toBe(0);
  });
});

describe('what is folded', () => {
  it('never holds more than its bound, nor gives up what is graver for what is less', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3_000 }), fc.constantFrom(...severities)), {
          maxLength: 4_000,
        }),
        (records) => {
          const folded = new Folded();
          const kept = new Map<string, number>();
          for (const [n, severity] of records) {
            const [id, rank] = [String(n), rankOf(severity)];
            const now = folded.add(id, rank);
            if (!now.kept) continue;
            if (now.evicts !== undefined) {
              expect(kept.get(now.evicts)).toBeLessThan(rank);
              kept.delete(now.evicts);
            }
            kept.set(id, rank);
          }
          expect(folded.size).toBe(kept.size);
          expect(folded.size).toBeLessThanOrEqual(maxFolded);
          for (const id of kept.keys()) expect(folded.has(id)).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });
});
