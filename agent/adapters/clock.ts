/** How far the two clocks may run apart before the wall clock is believed again: it was set, or the machine slept. */
const apartUs = 2_000;

/** µs since the Unix epoch, finer than the millisecond `Date` gives: what a stop took is a difference of such times. */
export function microClock(): () => number {
  let offset = Date.now() * 1000 - performance.now() * 1000;
  return () => {
    const fine = performance.now() * 1000 + offset;
    const wall = Date.now() * 1000;
    if (Math.abs(fine - wall) > apartUs) offset += wall - fine;
    return Math.round(performance.now() * 1000 + offset);
  };
}

/** µs on a clock that only ever goes on: nobody sets it, and it stands still while the machine sleeps. */
export function steadyClock(): number {
  return Math.round(performance.now() * 1000);
}

/** How much of the time since the last call the event loop was busy, 0 to 1. */
export function loopUtilisation(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const since = performance.eventLoopUtilization(now, last);
    last = now;
    return since.utilization;
  };
}
