import { describe, expect, it } from 'vitest';
import { FakeWorld } from '../test/fakes/agent-ports.ts';
import { Counters } from './core/counters.ts';
import { Intake } from './intake.ts';

/** An agent that is busy whenever it is asked, as it is while it judges. */
function busy() {
  const world = new FakeWorld();
  const began = world.now;
  const looks: number[] = [];
  const pipeline = {
    attribution: { happened: 0, sourceRestarted: () => undefined },
    read: () => undefined,
    take: () => undefined,
    sawGap: () => undefined,
    load: () => void looks.push((world.now - began) / 1_000),
  };
  const intake = new Intake({ ...world.deps(), node: 'node-1', pipeline, counters: new Counters() });
  /** At so many milliseconds. */
  const at = (ms: number): void => {
    world.now = began + ms * 1_000;
  };
  return { world, intake, looks, at };
}

describe('the load is looked at', () => {
  it('over a tenth of a second at least, whether events come or the tick', () => {
    const { intake, looks, at, world } = busy();
    for (const ms of [0, 50, 99, 100, 101, 199, 250]) {
      at(ms);
      intake.weigh(world.now);
    }
    expect(looks).toEqual([0, 100, 250]);
  });

  it('when events come too, not by the tick alone', async () => {
    const { intake, looks, at, world } = busy();
    const running = intake.run(world.stop.signal);
    at(150);
    world.see();
    await intake.ready;
    at(200);
    intake.weigh(world.now);
    expect(looks).toEqual([150]);
    world.stop.abort();
    await running;
  });

  it('after a clock was set back as well', () => {
    const { intake, looks, at, world } = busy();
    for (const ms of [0, -10_000, -9_950, -9_900]) {
      at(ms);
      intake.weigh(world.now);
    }
    expect(looks).toEqual([0, -10_000, -9_900]);
  });
});
