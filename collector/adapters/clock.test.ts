import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { steadyClock } from './clock.ts';

function machine() {
  const state = { wall: 1_000_000_000, even: 50 };
  const steps: number[] = [];
  const now = steadyClock({
    wall: () => state.wall,
    monotonic: () => state.even,
    onStep: (ms) => steps.push(ms),
  });
  const pass = (ms: number) => {
    state.wall += ms;
    state.even += ms;
  };
  return { state, steps, now, pass };
}

describe("the collector's time", () => {
  it("is the machine's while nobody sets that", () => {
    const { state, now, pass, steps } = machine();
    for (let i = 0; i < 100; i++) {
      pass(137);
      expect(now()).toBe(state.wall);
    }
    expect(steps).toEqual([]);
  });

  it('goes on, at half its pace, when the clock is set back an hour, and says so once', () => {
    const { state, now, pass, steps } = machine();
    const before = now();
    state.wall -= 3_600_000;
    expect(now()).toBe(before);
    pass(60_000);
    expect(now()).toBe(before + 30_000);
    expect(steps).toEqual([-3_600_000]);
    for (let minute = 0; minute < 119; minute++) {
      pass(60_000);
      now();
    }
    pass(60_000);
    expect(Math.abs(now() - state.wall)).toBeLessThan(61_000);
    expect(steps).toHaveLength(1);
  });

  it('follows at once when the clock is put forward', () => {
    const { state, now, steps } = machine();
    state.wall += 3_600_000;
    expect(now()).toBe(state.wall);
    expect(steps).toEqual([3_600_000]);
  });

  it('never goes back, whatever is done to the clock', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: -1e7, max: 1e7 }))),
        (moves) => {
          const { state, now, pass } = machine();
          let last = now();
          for (const [ms, step] of moves) {
            pass(ms);
            state.wall += step;
            const time = now();
            expect(time).toBeGreaterThanOrEqual(last);
            last = time;
          }
        },
      ),
    );
  });
});
