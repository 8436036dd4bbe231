import type { NodeView, Place } from '../../agent/core/normalise/node-view.ts';

export interface FakeNode {
  /** Container id → its control group. */
  readonly places?: ReadonlyMap<string, Place>;
  /** pid → start in clock ticks. */
  readonly ticks?: ReadonlyMap<number, number>;
  /** µs from boot to the epoch. */
  readonly bootOffset?: number;
}

/** A machine of which only this is known. */
export function fakeNodeView({ places, ticks, bootOffset = 0 }: FakeNode = {}): NodeView {
  return {
    bootOffset: () => bootOffset,
    startTicks: (pid) => ticks?.get(pid),
    placeOf: (id) => places?.get(id),
  };
}
