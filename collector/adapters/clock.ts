/** Smaller steps are what NTP does all day. */
const stepMs = 1_000;

export interface ClockParts {
  /** ms since the Unix epoch, as the machine says. */
  readonly wall: () => number;
  /** ms since any moment; grows evenly whatever is done to the clock. */
  readonly monotonic: () => number;
  /** Once for each time that the machine's clock was set. @param ms ahead of where it was */
  readonly onStep: (ms: number) => void;
}

/**
 * The collector's time. It never goes back: with an hour that comes twice, orders would be numbered below earlier ones and
 * what was spent in the future would brake until then. While the machine's clock is behind, it goes on at half its pace
 * until it is caught up with, so that an hour is made good in two. A clock that is put forward is believed.
 *
 * @returns ms since the Unix epoch
 */
export function steadyClock({ wall, monotonic, onStep }: ClockParts): () => number {
  let [time, even, seen] = [wall(), monotonic(), wall()];
  return () => {
    const [nowWall, nowEven] = [wall(), monotonic()];
    const passed = Math.max(0, nowEven - even);
    const stepped = nowWall - seen - passed;
    [even, seen] = [nowEven, nowWall];
    const isBehind = nowWall < time + passed - stepMs;
    time = isBehind ? time + passed / 2 : Math.max(time, nowWall);
    if (Math.abs(stepped) >= stepMs) onStep(Math.round(stepped));
    return Math.floor(time);
  };
}
